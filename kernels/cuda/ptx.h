/// One function per PTX instruction, each with its meaning for the emulator beside it.
/// Fragment layouts: PTX ISA, "Matrix Fragments for mma.m16n8k16".

#pragma once

#include "kernels/cuda/device.h"

#if !defined(__CUDACC__)
#include <cstring>
#endif

namespace unmask::kernels {

#if defined(__CUDACC__)

__device__ inline std::uint32_t shared_address(const void* p) {
  return std::uint32_t(__cvta_generic_to_shared(p));
}

/// Copies 16 bytes from global to shared memory; complete after cp_async_wait and a barrier.
__device__ inline void cp_async_16(void* shared, const void* global) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(shared)),
               "l"(__cvta_generic_to_global(global))
               : "memory");
}
__device__ inline void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int kGroupsInFlight>
__device__ inline void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroupsInFlight) : "memory");
}

/// Four 8x8 matrices of 16-bit elements; lane i gives the address of row i % 8 of matrix i / 8.
__device__ inline void ldmatrix_x4(std::uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}
__device__ inline void ldmatrix_x4_trans(std::uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}

/// d[16, 8] += a[16, 16] * b[16, 8], bf16 in, f32 sums.
__device__ inline void mma_m16n8k16(float (&d)[4], const std::uint32_t (&a)[4],
                                    const std::uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
      "{%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#else  // the same, lane by lane

using emulation::Where;

inline void check_alignment(const void* p, Where where) {
  if (reinterpret_cast<std::uintptr_t>(p) % 16) {
    emulation::kernel_error("address not 16-byte aligned", where);
  }
}
inline void cp_async_16(void* shared, const void* global, Where where = Where::current()) {
  check_alignment(shared, where);
  check_alignment(global, where);
  emulation::async_copy(shared, global, 16);
}
inline void cp_async_commit() { emulation::async_copy_commit(); }
template <int kGroupsInFlight>
void cp_async_wait() {
  emulation::async_copy_wait(kGroupsInFlight);
}

struct MatrixRow {
  std::uint16_t element[8];
};
struct Registers4 {
  std::uint32_t r[4];
};
template <bool kTransposed>
void ldmatrix(std::uint32_t (&r)[4], const void* row, Where where) {
  check_alignment(row, where);
  MatrixRow mine;
  std::memcpy(&mine, row, sizeof mine);  // each lane reads its own row: races are found here
  const auto distribute = [](const MatrixRow* in, Registers4* out, unsigned) UNMASK_UNCHECKED {
    for (int lane = 0; lane < 32; ++lane) {
      for (int m = 0; m < 4; ++m) {
        const int i = lane / 4, j = lane % 4 * 2;
        const auto at = [&](int row_idx, int column) {
          return std::uint32_t(kTransposed ? in[m * 8 + column].element[row_idx]
                                           : in[m * 8 + row_idx].element[column]);
        };
        out[lane].r[m] = at(i, j) | at(i, j + 1) << 16;
      }
    }
  };
  const auto got =
      emulation::collective<Registers4>("ldmatrix", kAllLanes, mine, distribute, where);
  std::memcpy(r, got.r, sizeof r);
}
inline void ldmatrix_x4(std::uint32_t (&r)[4], const void* row, Where where = Where::current()) {
  ldmatrix<false>(r, row, where);
}
inline void ldmatrix_x4_trans(std::uint32_t (&r)[4], const void* row,
                              Where where = Where::current()) {
  ldmatrix<true>(r, row, where);
}

/// The i-th element of a register.
template <typename Element>
struct Decode;
template <>
struct Decode<bf16> {
  UNMASK_UNCHECKED static float at(std::uint32_t r, int i) {
    return __builtin_bit_cast(float, i ? r & 0xFFFF0000u : r << 16);
  }
};
/// What one lane brings to an mma.
template <typename Sum>
struct MmaLane {
  std::uint32_t a[4];
  std::uint32_t b[2];
  Sum d[4];
};
template <typename Sum>
struct MmaSums {
  Sum d[4];
};

template <typename Element, typename Sum>
void mma(const char* name, Sum (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
         Where where) {
  MmaLane<Sum> mine;
  std::memcpy(mine.a, a, sizeof a);
  std::memcpy(mine.b, b, sizeof b);
  std::memcpy(mine.d, d, sizeof d);
  const auto multiply = [](const MmaLane<Sum>* in, MmaSums<Sum>* out, unsigned) UNMASK_UNCHECKED {
    emulation::spend(emulation::kMmaMicros);
    constexpr int kPerRegister = 4 / sizeof(Element);
    constexpr int kDepth = 8 * kPerRegister;
    Sum rows[16][kDepth], columns[8][kDepth];
    for (int lane = 0; lane < 32; ++lane) {
      const int group = lane / 4, k = lane % 4 * kPerRegister;
      for (int r = 0; r < 4; ++r) {  // a0: (group, k) a1: (group+8, k) a2, a3: k + depth/2
        for (int i = 0; i < kPerRegister; ++i) {
          rows[group + r % 2 * 8][k + r / 2 * (kDepth / 2) + i] =
              Decode<Element>::at(in[lane].a[r], i);
        }
      }
      for (int r = 0; r < 2; ++r) {
        for (int i = 0; i < kPerRegister; ++i) {
          columns[group][k + r * (kDepth / 2) + i] = Decode<Element>::at(in[lane].b[r], i);
        }
      }
    }
    for (int lane = 0; lane < 32; ++lane) {
      for (int r = 0; r < 4; ++r) {
        const int row = lane / 4 + r / 2 * 8, column = lane % 4 * 2 + r % 2;
        Sum sum = in[lane].d[r];
        for (int k = 0; k < kDepth; ++k) sum += rows[row][k] * columns[column][k];
        out[lane].d[r] = sum;
      }
    }
  };
  const auto sums = emulation::collective<MmaSums<Sum> >(name, kAllLanes, mine, multiply, where);
  std::memcpy(d, sums.d, sizeof d);
}
inline void mma_m16n8k16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                         Where where = Where::current()) {
  mma<bf16, float>("mma.m16n8k16.bf16", d, a, b, where);
}

#endif

}  // namespace unmask::kernels
