#include "model/network/network.h"

#include <string>
#include <utility>

#include "model/network/llada_moe.h"
#include "model/network/memory_plan.h"
#include "model/network/weight_loader.h"

namespace unmask {

Result<std::unique_ptr<Network>> make_network(const Checkpoint& checkpoint,
                                              kernels::Backend& backend,
                                              const EngineOptions& options) {
  const ModelConfig& config = checkpoint.config();
  if (config.architecture != Architecture::kLladaMoe) {
    return Error{ErrorCode::kInvalidArgument,
                 checkpoint.dir().string() + ": models of the architecture " +
                     std::string(name_of(config.architecture)) + " are not supported yet"};
  }
  const Result<MemoryPlan> memory = plan_memory(config, options);
  if (!memory) return memory.error();
  WeightLoader loader(checkpoint, backend, options.dtype, memory->weight_bytes,
                      options.on_progress);
  auto network = LladaMoe::load(loader, options.placement, options.max_rows, memory->max_positions);
  if (!network) return network.error();
  return std::unique_ptr<Network>(std::move(*network));
}

}  // namespace unmask
