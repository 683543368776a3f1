#pragma once

#include <string>

#include "model/network/engine_options.h"
#include "runtime/base/metrics.h"

namespace unmask::cli {

/// What of a worker decides its bytes and its speed, in words.
struct WorkerInfo {
  std::string device;         ///< "GPU 0 (NVIDIA H200)"
  std::string numeric_class;  ///< of the device: "cuda-sm90"
  std::string weights;        ///< f32 or bf16
  std::string kv_dtype;       ///< of keys and values
  std::string numerics;       ///< exact or fast
};

[[nodiscard]] WorkerInfo worker_info(const network::EngineOptions& options, std::string device,
                                     std::string numeric_class);

/// Shows it among the figures of the process, as labels of a figure that is one.
void show(const WorkerInfo& info, Metrics& metrics);

/// What workers must have in common to give the same bytes, if `numeric_class` is their devices':
/// "cuda-sm90-kv-bf16"; without the end where keys and values are f32.
[[nodiscard]] std::string worker_class(const std::string& numeric_class, kernels::DType kv_dtype);

}  // namespace unmask::cli
