/// One worker's model at work: a Step in, a StepResult out.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "model/cache/kv_pages.h"
#include "model/cache/kv_store.h"
#include "model/cache/soft_rows.h"
#include "model/checkpoint/checkpoint.h"
#include "model/collective.h"
#include "model/network/batch.h"
#include "model/network/engine_options.h"
#include "model/network/group.h"
#include "model/network/memory_plan.h"
#include "model/network/network.h"
#include "model/network/recordings.h"
#include "model/network/soft_mixer.h"
#include "model/network/step_check.h"
#include "model/network/tensor_rows.h"
#include "model/step.h"
#include "runtime/base/result.h"

namespace unmask::network {

/// A worker's weights, its KV pages and its place in a group.
///
/// All ranks of a group run the same steps in the same order and return the same candidates. Used
/// by one thread at a time.
class Engine {
 public:
  /// Loads this rank's weights. They stay for the Engine's life, whatever becomes of groups.
  ///
  /// Owns    nothing of its arguments; `backend` must outlive it, `checkpoint` only this call
  /// Errors  kInvalidArgument, kNotFound naming the file, tensor or option
  static Result<std::unique_ptr<Engine>> create(const checkpoint::Checkpoint& checkpoint,
                                                kernels::Backend& backend,
                                                const EngineOptions& options);

  /// Leaves the group of before and closes all sequences. null: leaves only; also what a worker
  /// alone may pass. The collective must outlive its use.
  ///
  /// Errors  kInvalidArgument if it is not one for this rank and number of ranks
  Result<> join(Collective* collective);

  /// A sequence that makes no sense or has no room gets a refusal instead of candidates, and
  /// nothing of it changes; the others are computed. All ranks refuse the same.
  ///
  /// Errors  kUnavailable, kDeadlineExceeded of the collective: the caches are void until join()
  Result<StepResult> run(const Step& step);

  /// One forward of `tokens` without a cache; calls `sink` with its logits, a few rows at a time,
  /// and before them, if wanted, with hidden states and routing. All ranks give the same.
  ///
  /// Errors  kInvalidArgument: the tokens make no sense; else as of run()
  Result<> inspect(std::span<const std::int32_t> tokens, std::int32_t causal_block_length,
                   bool wants_hidden, const std::function<void(TensorRows)>& sink);

  [[nodiscard]] const checkpoint::ModelConfig& config() const { return config_; }
  [[nodiscard]] const MemoryPlan& memory() const { return memory_; }
  [[nodiscard]] const StepLimits& limits() const { return limits_; }
  [[nodiscard]] const cache::KvPages& pages() const { return pages_; }
  [[nodiscard]] const cache::SoftRows& soft_rows() const { return soft_rows_; }
  [[nodiscard]] const Recordings& recordings() const { return recordings_; }

 private:
  Engine(const checkpoint::ModelConfig& config, const MemoryPlan& memory, kernels::Backend& backend,
         const EngineOptions& options, std::unique_ptr<Network> network);

  /// One forward and what the head finds, in one piece of work if the device records.
  Result<DecodedRows> forward(const Batch& batch);
  Result<> record(const Recordings::Key& key, const std::function<Result<>()>& enqueue);
  Result<> send_logits(kernels::Tensor hidden, const std::function<void(TensorRows)>& sink);

  kernels::Backend& backend_;
  const checkpoint::ModelConfig config_;
  const MemoryPlan memory_;
  const StepLimits limits_;
  const Group::Now now_;
  std::unique_ptr<Network> network_;
  cache::KvPages pages_;
  cache::KvStore kv_;
  cache::SoftRows soft_rows_;
  SoftMixer mixer_;
  Group group_;
  BatchBuilder batches_;
  const bool can_record_;
  Recordings recordings_;
  const std::function<void(const std::string&)> on_note_;
};

/// All of inspect() at once: tensors by name.
Result<std::vector<TensorRows>> forward_full(Engine& engine, std::span<const std::int32_t> tokens,
                                             std::int32_t causal_block_length, bool wants_hidden);

}  // namespace unmask::network
