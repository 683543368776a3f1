#pragma once

#include <filesystem>

#include "model/checkpoint/stored_tensor.h"
#include "runtime/base/result.h"

namespace unmask {

/// Writes a file that parse_safetensors reads back as `tensors`; the data is aligned. The bytes of
/// every tensor must fit its shape and a known dtype.
///
/// Errors  kInvalidArgument naming `path`
Result<> write_safetensors(const std::filesystem::path& path, const StoredTensors& tensors);

}  // namespace unmask
