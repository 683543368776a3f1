#include "model/network/network.h"

#include <utility>

#include "model/network/memory_plan.h"
#include "model/network/transformer.h"
#include "model/network/weight_loader.h"

namespace unmask::network {

Result<std::unique_ptr<Network>> make_network(const checkpoint::Checkpoint& checkpoint,
                                              kernels::Backend& backend,
                                              const EngineOptions& options) {
  const Result<MemoryPlan> memory = plan_memory(checkpoint.config(), options);
  if (!memory) return memory.error();
  WeightLoader loader(checkpoint, backend, options.dtype, memory->weight_bytes,
                      options.on_progress);
  auto network =
      Transformer::load(loader, options.placement, options.max_rows, memory->max_positions);
  if (!network) return network.error();
  return std::unique_ptr<Network>(std::move(*network));
}

}  // namespace unmask::network
