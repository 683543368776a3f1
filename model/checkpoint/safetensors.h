/// The header of a safetensors file: which tensor stands where.

#pragma once

#include <cstddef>
#include <string>

#include "model/checkpoint/stored_tensor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace unmask {

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

}  // namespace unmask
