/// The header of a safetensors file: which tensor stands where.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace unmask::checkpoint {

/// A tensor inside a mapped file.
struct StoredTensor {
  std::string dtype;  ///< the file's word: F32, BF16, F16, I32, ...
  std::vector<std::int64_t> shape;
  ByteView data;  ///< row-major, little-endian; not aligned if the file's header is not

  /// As in "[64, 32]".
  [[nodiscard]] std::string shape_text() const;
};

/// Tensors by name.
using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;

/// The tensors of the file whose content is `bytes`. They are views into it.
///
/// Every byte after the header belongs to exactly one tensor, whose size follows from its shape
/// and dtype; of a dtype that is not known here the size is believed.
///
/// Errors  kInvalidArgument naming `file` and the tensor
/// Source  github.com/huggingface/safetensors, README "Format"
Result<StoredTensors> parse_safetensors(ByteView bytes, const std::string& file);

/// The number of bytes from the start of `bytes` to the first tensor; parse_safetensors must have
/// accepted them.
std::size_t safetensors_header_bytes(ByteView bytes);

}  // namespace unmask::checkpoint
