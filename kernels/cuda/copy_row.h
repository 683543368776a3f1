#pragma once

#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"

namespace unmask::kernels {

/// to[j] = from[j], rounded if that is narrower. By a whole thread block of kThreads.
template <int kThreads, typename From, typename To>
__device__ void copy_row(const From* from, To* to, int cols) {
  if (is_vectorized(cols)) {
    for (int j = int(threadIdx.x) * 4; j < cols; j += kThreads * 4)
      store_4(to + j, load_4(from + j));
  } else {
    for (int j = int(threadIdx.x); j < cols; j += kThreads) {
      to[j] = from_float<To>(to_float(from[j]));
    }
  }
}

}  // namespace unmask::kernels
