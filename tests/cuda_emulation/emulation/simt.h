/// CUDA's view of a thread, for kernels compiled as host C++: indices, barriers, warp collectives,
/// atomics, shared memory. Included by kernels/cuda/device.h only.

#pragma once

#include <cuda_runtime_api.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

#include "emulation/sanitizers.h"

#define __launch_bounds__(...)

// NOLINTBEGIN(readability-identifier-naming): the names are CUDA's.
extern constinit thread_local uint3 threadIdx;
extern constinit thread_local uint3 blockIdx;
extern constinit thread_local dim3 blockDim;
extern constinit thread_local dim3 gridDim;
// NOLINTEND(readability-identifier-naming)

namespace unmask::emulation {

/// A line of a source. Not std::source_location: clang 14 has none, and its clang-tidy reads this.
class Where {
 public:
  Where() = default;
  static constexpr Where current(const char* file = __builtin_FILE(),
                                 unsigned line = __builtin_LINE()) {
    return {file, line};
  }
  [[nodiscard]] const char* file_name() const { return file_; }
  [[nodiscard]] unsigned line() const { return line_; }

 private:
  constexpr Where(const char* file, unsigned line) : file_(file), line_(line) {}

  const char* file_ = "";
  unsigned line_ = 0;
};

/// Prints what the kernel did wrong, where and in which thread, and aborts.
[[noreturn]] void kernel_error(const char* what, Where where);

/// Order in which ready threads, thread blocks and streams run: 0 ascending, 1 descending, else
/// random from this seed. Default: the environment variable UNMASK_EMULATION_SEED, else 0.
void set_schedule_seed(std::uint64_t seed);

/// Takes device time, as events tell it: made up, of nothing but launches, matrix instructions and
/// what libraries say of theirs, so that what is chosen by it is the same every time.
void spend(double micros);
inline constexpr double kLaunchMicros = 1, kMmaMicros = 0.25;
std::uint64_t schedule_seed();

struct LaunchShape {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes = 0;
};

/// Runs `thread` once for each CUDA thread of the grid, block after block, on this OS thread.
void run_kernel(const LaunchShape& shape, const std::function<void()>& thread);

/// This thread block's storage for `key`: `bytes` long, filled with 0xFF (NaN, -1) at first use.
void* block_storage(const void* key, std::size_t bytes, std::size_t alignment);
void* dynamic_storage();

/// A copy performed at once or at the matching wait, whichever the schedule chooses.
void async_copy(void* to, const void* from, std::size_t bytes);
void async_copy_commit();
void async_copy_wait(int groups_in_flight);

/// One operation that all lanes of `mask` take part in. Each lane deposits `in`; the last one to
/// arrive runs `combine(in, out, mask)` for all of them. Lanes that disagree are an error.
constexpr std::size_t kMaxLaneBytes = 64;
struct LaneSlot {
  alignas(16) unsigned char in[kMaxLaneBytes];
  alignas(16) unsigned char out[kMaxLaneBytes];
};
LaneSlot& lane_slot();
int lane_id();
using Combine = void (*)(LaneSlot* lanes, unsigned mask);
void warp_collective(const char* name, unsigned mask, Combine combine, Where where);
void warp_barrier(unsigned mask, Where where);
void block_barrier(Where where);

template <typename Out, typename In, typename F>
Out collective(const char* name, unsigned mask, const In& in, F, Where where) {
  static_assert(sizeof(In) <= kMaxLaneBytes && sizeof(Out) <= kMaxLaneBytes);
  static_assert(std::is_trivially_copyable_v<In> && std::is_trivially_copyable_v<Out>);
  LaneSlot& slot = lane_slot();
  {
    const IgnoreAccesses ignore;
    std::memcpy(slot.in, &in, sizeof in);
  }
  warp_collective(
      name, mask,
      [](LaneSlot* lanes, unsigned lanes_mask) UNMASK_UNCHECKED {
        In all[32];
        Out results[32];
        for (int i = 0; i < 32; ++i) std::memcpy(&all[i], lanes[i].in, sizeof(In));
        F{}(all, results, lanes_mask);
        for (int i = 0; i < 32; ++i) {
          if (lanes_mask >> i & 1) std::memcpy(lanes[i].out, &results[i], sizeof(Out));
        }
      },
      where);
  const IgnoreAccesses ignore;
  Out out;
  std::memcpy(&out, slot.out, sizeof out);
  return out;
}

template <typename T>
struct Shuffle {
  T value;
  int source;
};

template <typename T>
T shuffle(const char* name, unsigned mask, T value, int source, Where where) {
  const auto pick = [](const Shuffle<T>* in, T* out, unsigned lanes) UNMASK_UNCHECKED {
    for (int i = 0; i < 32; ++i) {
      if (!(lanes >> i & 1)) continue;
      const int from = in[i].source;
      // A lane outside the mask has undefined content; the hardware would give garbage.
      if (lanes >> from & 1)
        out[i] = in[from].value;
      else
        std::memset(static_cast<void*>(&out[i]), 0xFF, sizeof(T));
    }
  };
  return collective<T>(name, mask, Shuffle<T>{value, source & 31}, pick, where);
}

}  // namespace unmask::emulation

// NOLINTBEGIN(readability-identifier-naming): the names are CUDA's.
inline void __syncthreads(unmask::emulation::Where where = unmask::emulation::Where::current()) {
  unmask::emulation::block_barrier(where);
}
inline void __syncwarp(unsigned mask = ~0u,
                       unmask::emulation::Where where = unmask::emulation::Where::current()) {
  unmask::emulation::warp_barrier(mask, where);
}

template <typename T>
T __shfl_sync(unsigned mask, T value, int lane, int = 32,
              unmask::emulation::Where where = unmask::emulation::Where::current()) {
  return unmask::emulation::shuffle("__shfl_sync", mask, value, lane, where);
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int = 32,
                  unmask::emulation::Where where = unmask::emulation::Where::current()) {
  return unmask::emulation::shuffle("__shfl_xor_sync", mask, value,
                                    unmask::emulation::lane_id() ^ lane_mask, where);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int = 32,
                 unmask::emulation::Where where = unmask::emulation::Where::current()) {
  const int lane = unmask::emulation::lane_id();
  return unmask::emulation::shuffle("__shfl_up_sync", mask, value,
                                    lane < int(delta) ? lane : lane - int(delta), where);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int = 32,
                   unmask::emulation::Where where = unmask::emulation::Where::current()) {
  const int lane = unmask::emulation::lane_id();
  return unmask::emulation::shuffle("__shfl_down_sync", mask, value,
                                    lane + int(delta) > 31 ? lane : lane + int(delta), where);
}
inline unsigned __ballot_sync(
    unsigned mask, int predicate,
    unmask::emulation::Where where = unmask::emulation::Where::current()) {
  const auto vote = [](const int* in, unsigned* out, unsigned lanes) UNMASK_UNCHECKED {
    unsigned all = 0;
    for (int i = 0; i < 32; ++i) all |= (lanes >> i & 1) && in[i] ? 1u << i : 0u;
    for (int i = 0; i < 32; ++i) out[i] = all;
  };
  return unmask::emulation::collective<unsigned>("__ballot_sync", mask, predicate, vote, where);
}
inline int __any_sync(unsigned mask, int predicate,
                      unmask::emulation::Where where = unmask::emulation::Where::current()) {
  return __ballot_sync(mask, predicate, where) != 0;
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }

template <typename T>
T atomicAdd(T* address, T value) {
  return std::atomic_ref<T>(*address).fetch_add(value, std::memory_order_relaxed);
}
template <typename T>
T atomicMax(T* address, T value) {
  std::atomic_ref<T> target(*address);
  T old = target.load(std::memory_order_relaxed);
  while (old < value && !target.compare_exchange_weak(old, value, std::memory_order_relaxed)) {
  }
  return old;
}
// NOLINTEND(readability-identifier-naming)
