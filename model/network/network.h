#pragma once

#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "model/cache/kv_store.h"
#include "model/checkpoint/checkpoint.h"
#include "model/network/batch.h"
#include "model/network/engine_options.h"
#include "model/network/group.h"
#include "model/network/lm_head.h"
#include "model/network/observer.h"
#include "runtime/base/result.h"

namespace unmask::network {

/// A forward pass: one worker's part of a model's weights, and how they are applied.
class Network {
 public:
  virtual ~Network() = default;

  /// Numbers of K, and of V, per position and layer on this worker; may be 0.
  [[nodiscard]] virtual int kv_width() const = 0;

  /// From the rows of `batch` to the residual stream after the last layer, [num_rows, hidden],
  /// which lives until the next call. observer: null = nobody looks.
  ///
  /// Errors  those of the group's collective
  virtual Result<kernels::Tensor> forward(const Batch& batch, const cache::KvStore& kv,
                                          Group& group, ForwardObserver* observer) = 0;

  [[nodiscard]] virtual LmHead& head() = 0;
  /// The table of embeddings, [vocab_size, hidden].
  [[nodiscard]] virtual kernels::Tensor embeddings() const = 0;

  /// The weights that forwards multiply with, as far as a device may choose what does it.
  [[nodiscard]] virtual std::vector<kernels::WeightUse> weight_uses() const = 0;
};

/// Loads this worker's part of the weights.
///
/// Errors  kInvalidArgument if the architecture is not supported; those of the checkpoint
Result<std::unique_ptr<Network>> make_network(const checkpoint::Checkpoint& checkpoint,
                                              kernels::Backend& backend,
                                              const EngineOptions& options);

}  // namespace unmask::network
