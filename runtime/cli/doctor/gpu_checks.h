/// What is asked of GPUs, as functions of what CUDA and NCCL said.

#pragma once

#include <string>
#include <vector>

#include "kernels/gpus.h"
#include "runtime/base/result.h"
#include "runtime/cli/doctor/check.h"
#include "runtime/config/cluster_config.h"

namespace unmask::cli {

/// Whether a worker is to compute on a GPU, and on nothing else.
[[nodiscard]] bool wants_gpu(const ClusterConfig& config);

/// The driver, and whether it serves the CUDA of this program.
[[nodiscard]] Check check_driver(const kernels::Gpus& gpus, bool is_wanted);

/// One for each GPU; one that says why there is none, where there is a driver.
[[nodiscard]] std::vector<Check> check_gpus(const kernels::Gpus& gpus, bool is_wanted);

/// Whether GPUs reach each other's memory; nothing where there are less than two that can be used.
///
/// apart: as find_gpus_apart() says
[[nodiscard]] std::vector<Check> check_peers(const kernels::Gpus& gpus,
                                             const std::vector<kernels::GpusApart>& apart);

/// version: as nccl_version() says. Without it several GPUs cannot share a model.
/// interface: of the configuration; empty: NCCL chooses
[[nodiscard]] Check check_nccl(const Result<std::string>& version, const kernels::Gpus& gpus,
                               const std::string& interface);

/// version: as cublas_lt_version() says. Only numerics=fast asks for it, which works without.
[[nodiscard]] Check check_cublas_lt(const Result<std::string>& version,
                                    const std::string& numerics);

}  // namespace unmask::cli
