#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/tensor.h"
#include "runtime/base/bytes.h"

namespace unmask {

/// As in "[64, 32]".
std::string shape_text(const std::vector<std::int64_t>& shape);

/// Bytes of one element, or 0 if the dtype, a safetensors file's word, is not known here.
std::uint64_t element_bytes(std::string_view dtype);

/// A tensor inside a mapped file.
struct StoredTensor {
  std::string dtype;  ///< the file's word: F32, BF16, F16, I32, ...
  std::vector<std::int64_t> shape;
  ByteView data;  ///< row-major, little-endian; aligned only if the file was written so

  /// The dtype, if it is one that weights have.
  [[nodiscard]] std::optional<kernels::DType> weight_dtype() const;
  /// All elements, converted. Precondition: weight_dtype().
  [[nodiscard]] std::vector<float> to_f32() const;
};

/// Tensors by name.
using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;

}  // namespace unmask
