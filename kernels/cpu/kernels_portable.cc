#include "kernels/cpu/kernels.h"
#include "kernels/cpu/simd/table.h"

namespace unmask::kernels {

extern constexpr Kernels kPortableKernels = table_of("portable");

}  // namespace unmask::kernels
