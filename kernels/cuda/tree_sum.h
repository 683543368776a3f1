/// The balanced tree in which the shares of a sum are added.

#pragma once

#include "kernels/cuda/device.h"

namespace unmask::kernels {

/// (p0 + p1) + (p2 + p3) ... of the numbers at `stride` from each other; kParts a power of two.
template <int kParts, typename T>
__device__ float tree_sum(const T* parts, std::size_t stride) {
  if constexpr (kParts == 1) {
    return to_float(*parts);
  } else {
    constexpr int kHalf = kParts / 2;
    return tree_sum<kHalf>(parts, stride) + tree_sum<kHalf>(parts + kHalf * stride, stride);
  }
}

/// work(std::integral_constant<int, num_parts>): 1, 2, 4 or 8.
template <typename Work>
void with_num_parts(int num_parts, Work&& work) {
  switch (num_parts) {
    case 1:
      return work(std::integral_constant<int, 1>{});
    case 2:
      return work(std::integral_constant<int, 2>{});
    case 4:
      return work(std::integral_constant<int, 4>{});
    case 8:
      return work(std::integral_constant<int, 8>{});
    default:
      throw DeviceError("a tree sum of neither 1, 2, 4 nor 8 parts");
  }
}

}  // namespace unmask::kernels
