// Compiled with AVX-512 flags (CMakeLists.txt): nothing here may run before kernels_of has looked.

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/simd/table.h"

namespace unmask::kernels {

extern const Kernels kAvx512Kernels;
constexpr Kernels kAvx512Kernels = table_of("avx512");

}  // namespace unmask::kernels
