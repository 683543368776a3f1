#include "kernels/cpu/kernels.h"

namespace unmask::kernels {

#ifdef UNMASK_HAS_AVX512
extern const Kernels kAvx512Kernels;

namespace {

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bf16");
}

}  // namespace
#endif

const Kernels* kernels_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kPortable:
      return &kPortableKernels;
    case InstructionSet::kAvx512:
#ifdef UNMASK_HAS_AVX512
      if (has_avx512()) return &kAvx512Kernels;
#endif
      return nullptr;
  }
  return nullptr;
}

const Kernels& best_kernels() {
  const Kernels* const avx512 = kernels_of(InstructionSet::kAvx512);
  return avx512 != nullptr ? *avx512 : kPortableKernels;
}

}  // namespace unmask::kernels
