#pragma once

#include "kernels/cuda/device.h"

namespace unmask::kernels {

/// What goes into an expert's second product.
__device__ inline float swiglu(float gate, float up) { return gate / (1.0f + expf(-gate)) * up; }

}  // namespace unmask::kernels
