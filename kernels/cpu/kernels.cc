#include "kernels/cpu/kernels.h"

namespace unmask::kernels {

#ifdef UNMASK_HAS_AVX
extern const Kernels kAvx512Kernels, kAvx2Kernels;

namespace {

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bf16");
}

bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

}  // namespace

const Kernels* kernels_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kPortable:
      return &kPortableKernels;
    case InstructionSet::kAvx2:
      return has_avx2() ? &kAvx2Kernels : nullptr;
    case InstructionSet::kAvx512:
      return has_avx512() ? &kAvx512Kernels : nullptr;
  }
  return nullptr;
}
#else
const Kernels* kernels_of(InstructionSet set) {
  return set == InstructionSet::kPortable ? &kPortableKernels : nullptr;
}
#endif

}  // namespace unmask::kernels
