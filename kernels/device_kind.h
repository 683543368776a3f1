#pragma once

#include <cstdint>

namespace unmask::kernels {

enum class DeviceKind : std::uint8_t { kCpu, kCuda };

}  // namespace unmask::kernels
