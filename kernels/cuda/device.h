/// The words kernels are written in. nvcc gives them their CUDA meaning; a host compiler gets them
/// from tests/cuda_emulation. Only this file and ptx.h know the difference.

#pragma once

#include <cuda_bf16.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kernels/cuda/cuda_check.h"

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#else
#include <cuda_runtime_api.h>
#include <emulation/device.h>
#include <emulation/simt.h>
#endif

namespace unmask::kernels {

using bf16 = __nv_bfloat16;

constexpr int kWarpSize = 32;
constexpr unsigned kAllLanes = ~0u;

/// A thread block's only static shared memory: one struct of arrays, indexed by name, so that the
/// emulator can place, poison and bound it. T must be trivial.
template <typename T>
__device__ T& block_shared() {
#if defined(__CUDACC__)
  __shared__ T storage;
  return storage;
#else
  static const char key = 0;
  return *static_cast<T*>(
      emulation::block_storage(&key, sizeof(T), alignof(T) < 16 ? 16 : alignof(T)));
#endif
}

/// The dynamic shared memory asked for at launch, seen as a T.
template <typename T>
__device__ T& dynamic_shared() {
#if defined(__CUDACC__)
  extern __shared__ __align__(128) unsigned char dynamic_shared_bytes[];
  return *reinterpret_cast<T*>(dynamic_shared_bytes);
#else
  return *static_cast<T*>(emulation::dynamic_storage());
#endif
}

/// Four numbers in one access.
///
/// p is aligned to four numbers
__device__ inline float4 load_4(const float* p) { return *reinterpret_cast<const float4*>(p); }
__device__ inline float4 load_4(const bf16* p) {
  const uint2 bits = *reinterpret_cast<const uint2*>(p);
  const auto widened = [](std::uint32_t high) {
    return __bfloat162float(__ushort_as_bfloat16(static_cast<unsigned short>(high)));
  };
  return {widened(bits.x & 0xffffu), widened(bits.x >> 16), widened(bits.y & 0xffffu),
          widened(bits.y >> 16)};
}
__device__ inline float to_float(float value) { return value; }
__device__ inline float to_float(bf16 value) { return __bfloat162float(value); }

/// Rounds to nearest even.
template <typename T>
__device__ T from_float(float value) {
  if constexpr (std::is_same_v<T, float>) {
    return value;
  } else {
    return __float2bfloat16(value);
  }
}
__device__ inline std::uint32_t pack(bf16 low, bf16 high) {
  return std::uint32_t(__bfloat16_as_ushort(low)) | std::uint32_t(__bfloat16_as_ushort(high)) << 16;
}
__device__ inline std::uint32_t pack(float low, float high) {
  return pack(__float2bfloat16(low), __float2bfloat16(high));
}
__device__ inline void store_4(float* p, float4 values) { *reinterpret_cast<float4*>(p) = values; }
__device__ inline void store_4(bf16* p, float4 values) {
  *reinterpret_cast<uint2*>(p) = {pack(values.x, values.y), pack(values.z, values.w)};
}

struct LaunchConfig {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes = 0;
  cudaStream_t stream = nullptr;
};

#if !defined(__CUDACC__)
namespace detail {
template <typename T>
void check_argument(const T& argument) {
  if constexpr (std::is_pointer_v<T>) {
    if (argument && emulation::memory_kind(argument) == emulation::Memory::kPageable) {
      emulation::host_error("a kernel was given a pointer that is not device memory");
    }
  } else if constexpr (requires { argument.data; }) {
    check_argument(argument.data);
  }
}
}  // namespace detail
#endif

/// Enqueues a kernel; the only way to launch one. Arguments are copied.
template <typename... Params, typename... Args>
void launch(void (*kernel)(Params...), const LaunchConfig& config, Args... args) {
#if defined(__CUDACC__)
  if (config.shared_bytes > (48 << 10)) {
    cuda_check(
        cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                             cudaFuncAttributeMaxDynamicSharedMemorySize, int(config.shared_bytes)),
        "cudaFuncSetAttribute");
  }
  kernel<<<config.grid, config.block, config.shared_bytes, config.stream>>>(Params(args)...);
#else
  const auto threads = std::size_t(config.block.x) * config.block.y * config.block.z;
  if (threads == 0 || threads > 1024 || config.grid.x == 0 || config.grid.y == 0 ||
      config.grid.z == 0 || config.grid.y > 65535 || config.grid.z > 65535 ||
      config.shared_bytes > (227 << 10)) {
    throw DeviceError("kernel launch: invalid configuration");
  }
  (detail::check_argument(args), ...);
  emulation::enqueue_kernel(config.stream, [=] {
    emulation::run_kernel({config.grid, config.block, config.shared_bytes},
                          [=] { kernel(Params(args)...); });
  });
#endif
  cuda_check(cudaGetLastError(), "kernel launch");
}

}  // namespace unmask::kernels
