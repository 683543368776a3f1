// Compiled with AVX2 flags (CMakeLists.txt): nothing here may run before kernels_of has looked.

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/simd/table.h"

namespace unmask::kernels {

extern const Kernels kAvx2Kernels;
constexpr Kernels kAvx2Kernels = table_of("avx2");

}  // namespace unmask::kernels
