#pragma once

#include <cstdint>

#include "kernels/tensor.h"

namespace unmask::network {

/// Sees what a forward computes on its way; for tools. Tensors are the device's and change after
/// the call.
class ForwardObserver {
 public:
  virtual ~ForwardObserver() = default;

  /// The residual stream after layer `layer`, counted from 1; 0 = the embeddings.
  virtual void on_hidden(int layer, kernels::Tensor hidden) = 0;

  /// ids, weights [num_rows, top_k]; layers are counted from 0.
  virtual void on_routing(int layer, const std::int32_t* ids, const float* weights, int num_rows,
                          int top_k) = 0;
};

}  // namespace unmask::network
