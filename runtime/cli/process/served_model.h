#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/coordinator/running_job.h"
#include "kernels/make_backend.h"
#include "model/checkpoint/checkpoint.h"
#include "model/network/engine_options.h"
#include "model/tokenizer/tokenizer.h"
#include "runtime/cli/process/device_choice.h"
#include "runtime/config/cluster_config.h"

namespace unmask::cli {

/// The checkpoint that a process serves, and what its configuration makes of it.
struct ServedModel {
  checkpoint::Checkpoint checkpoint;
  Result<tokenizer::Tokenizer> tokenizer;  ///< an error: only tokens can be served
  std::string name;                        ///< of its folder
  kernels::DType dtype = kernels::DType::kF32;
  network::Numerics numerics = network::Numerics::kExact;
  actors::JobModel jobs;
  std::int64_t num_parameters = 0;
  std::uint64_t num_bytes = 0;        ///< of the weights, as they are stored
  std::vector<std::string> warnings;  ///< what of the folder is not used, a sentence each

  /// What all workers of a cluster must agree on: `exact bf16`.
  [[nodiscard]] std::string arithmetic() const;
};

/// Maps the files; weights are read when they are used.
///
/// Errors  one sentence that names the folder, file, tensor or setting
Result<ServedModel> open_served_model(const ClusterConfig::Model& config);

/// Prints the warnings on stderr.
void warn(const ServedModel& model);

/// How worker `rank` of a replica holds the model: its share of the memory and its options.
///
/// memory: of the device, before any worker holds a part of it
/// Errors  as choose_kv_pages()
Result<network::EngineOptions> engine_options(const ServedModel& model, const ClusterConfig& config,
                                              const WorkerConfig& worker,
                                              const DeviceChoice& device,
                                              const kernels::MemoryInfo& memory);

/// The worker's part of its device: the workers of a host share the machine's cores.
kernels::DeviceSpec device_spec(const ClusterConfig& config, const WorkerConfig& worker,
                                const DeviceChoice& device);

}  // namespace unmask::cli
