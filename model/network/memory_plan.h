#pragma once

#include <cstdint>

#include "kernels/working_shape.h"
#include "model/cache/kv_pages.h"
#include "model/checkpoint/model_config.h"
#include "model/network/engine_options.h"

namespace unmask::network {

/// What a worker will take of its device's memory.
struct MemoryPlan {
  std::uint64_t weight_bytes = 0;
  std::uint64_t kv_bytes = 0;       ///< of all pages
  std::uint64_t scratch_bytes = 0;  ///< of one step: activations, fresh K/V, what kernels need
  std::uint64_t soft_bytes = 0;     ///< of all soft rows
  std::uint64_t library_bytes = 0;  ///< that recordings and collectives take of a GPU, at most
  int num_kv_pages = 0;
  int num_soft_rows = 0;
  int max_positions = 0;  ///< of the longest canvas that can be served

  [[nodiscard]] std::uint64_t total_bytes() const {
    return weight_bytes + kv_bytes + soft_bytes + scratch_bytes + library_bytes;
  }
  /// How many canvases of this length can keep K/V at the same time.
  [[nodiscard]] int num_canvases(int num_positions) const {
    return num_positions > 0 ? num_kv_pages / cache::pages_needed(num_positions) : 0;
  }
};

/// Of the forwards that a worker will run.
[[nodiscard]] kernels::WorkingShape working_shape(const checkpoint::ModelConfig& config,
                                                  const EngineOptions& options);

/// Errors  kInvalidArgument if the options make no sense or the pages cannot be addressed
Result<MemoryPlan> plan_memory(const checkpoint::ModelConfig& config, const EngineOptions& options);

}  // namespace unmask::network
