#pragma once

#include "kernels/cuda/device.h"

namespace unmask::kernels {

/// Where the 16 bytes of a row that begin at column 8 * chunk lie, of rows that are a multiple of
/// 128 bytes: eight rows read at one chunk fall into different banks.
__device__ inline int swizzled(int row, int chunk) { return (chunk ^ (row & 7)) * 8; }

}  // namespace unmask::kernels
