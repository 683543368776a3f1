#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace unmask {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

}  // namespace unmask
