#pragma once

#include <cstdint>

#include "runtime/base/bytes.h"

namespace unmask::rpc {

/// CRC-32C (Castagnoli) of `bytes`, going on from `crc` of what came before.
[[nodiscard]] std::uint32_t crc32c(ByteView bytes, std::uint32_t crc = 0);

}  // namespace unmask::rpc
