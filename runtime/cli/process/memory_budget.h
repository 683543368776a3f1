#pragma once

#include <cstdint>

#include "kernels/memory_info.h"
#include "model/checkpoint/model_config.h"
#include "model/network/engine_options.h"
#include "runtime/base/result.h"

namespace unmask::cli {

/// What a worker may take of its device.
struct MemoryBudget {
  std::uint64_t kv_memory = 0;   ///< bytes that somebody asked for; 0: as much as seems right
  std::uint64_t free_bytes = 0;  ///< for this worker; 0: not known, so never too little
  double kv_part = 0.5;          ///< of what weights and scratch leave, for an unasked KV cache
  std::int64_t max_running = 0;  ///< jobs at once: more canvases than these are never kept
};

/// Bytes that one of `num_sharing` workers may take of a GPU, some of which may have taken theirs;
/// at least 1, for 0 would mean that it is not known.
///
/// part: of the memory that is the workers', above 0 and up to 1
[[nodiscard]] std::uint64_t gpu_room(const kernels::MemoryInfo& memory, double part,
                                     int num_sharing);

/// How many KV pages fit, once the weights and a step's scratch have their place.
///
/// options: all but the pages
/// Errors  kInvalidArgument with the figures, naming the flag: more than is free, or too few pages
///         for any job; those of plan_memory()
Result<int> choose_kv_pages(const checkpoint::ModelConfig& model, network::EngineOptions options,
                            const MemoryBudget& budget);

}  // namespace unmask::cli
