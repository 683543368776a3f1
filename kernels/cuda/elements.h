/// From a tensor's dtype to the type of its elements.

#pragma once

#include "kernels/cuda/device.h"
#include "kernels/tensor.h"
#include "runtime/base/check.h"

namespace unmask::kernels {

/// work(T{}) with T the element type of `dtype`: float or bf16.
template <typename Work>
void with_element(DType dtype, Work&& work) {
  UNMASK_CHECK(dtype == DType::kF32 || dtype == DType::kBF16);
  if (dtype == DType::kF32) {
    work(float{});
  } else {
    work(bf16{});
  }
}

template <typename T>
T* elements(const Tensor& tensor) {
  return static_cast<T*>(tensor.data);
}

/// All rows of `cols` elements begin at a multiple of four elements, if the first one does.
constexpr bool is_vectorized(int cols) { return cols % 4 == 0; }

}  // namespace unmask::kernels
