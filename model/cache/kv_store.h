#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/backend.h"
#include "model/cache/kv_pages.h"

namespace unmask::cache {

/// The K/V tensors of all layers on one device; KvPages says what stands where.
///
/// Every layer has its own pages. The scratch slots are the same memory in all of them: what a
/// layer writes there it reads itself, and nobody after it.
class KvStore {
 public:
  /// kv_width: numbers of K, and of V, per slot; may be 0.
  KvStore(kernels::Backend& backend, kernels::DType dtype, int num_layers, const KvPages& pages,
          int kv_width)
      : dtype_(dtype),
        page_slots_(pages.num_page_slots()),
        first_scratch_(pages.first_scratch_slot()),
        num_layers_(num_layers),
        num_rows_(std::int64_t(num_layers) * page_slots_ + pages.num_scratch_slots()),
        kv_width_(kv_width) {
    const std::size_t bytes = std::size_t(num_rows_) * row_bytes();
    if (bytes == 0) return;
    keys_ = backend.allocate(bytes);
    values_ = backend.allocate(bytes);
  }

  [[nodiscard]] kernels::KvLayer layer(int index) const {
    if (!keys_) return {};
    // Rows that are counted from this layer's first on, as far as an int counts.
    const std::int64_t first_row = std::int64_t(index) * page_slots_;
    const std::int64_t rows = num_rows_ - first_row;
    const auto tensor = [&](const std::unique_ptr<kernels::Buffer>& buffer) {
      auto* const first =
          static_cast<std::byte*>(buffer->data()) + std::size_t(first_row) * row_bytes();
      return kernels::Tensor{.data = first,
                             .dtype = dtype_,
                             .rows = int(std::min<std::int64_t>(rows, INT32_MAX)),
                             .cols = kv_width_};
    };
    const std::int64_t scratch_row = std::int64_t(num_layers_ - index) * page_slots_;
    return {.keys = tensor(keys_),
            .values = tensor(values_),
            .rows = {.first_shared = first_scratch_, .shift = scratch_row - first_scratch_}};
  }

 private:
  [[nodiscard]] std::size_t row_bytes() const {
    return std::size_t(kv_width_) * kernels::size_of(dtype_);
  }

  const kernels::DType dtype_;
  const int page_slots_;
  const std::int32_t first_scratch_;
  const int num_layers_;
  const std::int64_t num_rows_;
  const int kv_width_;
  std::unique_ptr<kernels::Buffer> keys_, values_;  // layer after layer, then the scratch
};

}  // namespace unmask::cache
