#pragma once

#include <memory>
#include <vector>

#include "kernels/backend.h"

namespace unmask::cache {

/// The K/V tensors of all layers on one device; KvPages says what stands where.
class KvStore {
 public:
  /// kv_width: numbers of K, and of V, per slot; may be 0.
  KvStore(kernels::Backend& backend, int num_layers, int num_slots, int kv_width)
      : dtype_(backend.kv_dtype()), num_slots_(num_slots), kv_width_(kv_width) {
    const std::size_t bytes = static_cast<std::size_t>(num_slots) *
                              static_cast<std::size_t>(kv_width) * kernels::size_of(dtype_);
    for (int i = 0; i < 2 * num_layers && bytes > 0; ++i) {
      buffers_.push_back(backend.allocate(bytes));
    }
  }

  [[nodiscard]] kernels::KvLayer layer(int index) const {
    return {.keys = tensor(2 * index), .values = tensor(2 * index + 1)};
  }

 private:
  [[nodiscard]] kernels::Tensor tensor(int buffer) const {
    if (buffers_.empty()) return {};
    return {.data = buffers_[static_cast<std::size_t>(buffer)]->data(),
            .dtype = dtype_,
            .rows = num_slots_,
            .cols = kv_width_};
  }

  kernels::DType dtype_;
  int num_slots_;
  int kv_width_;
  std::vector<std::unique_ptr<kernels::Buffer>> buffers_;  // keys and values of layer 0, of 1, ...
};

}  // namespace unmask::cache
