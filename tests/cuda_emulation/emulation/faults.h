/// What the environment asks the emulated GPUs to do wrong.
///
/// N counts calls of one kind in this process, from 1; ERROR is a number of cudaError, or left out:
///   UNMASK_EMULATED_FAULT_MALLOC=N[:ERROR]       the N-th cudaMalloc fails
///   UNMASK_EMULATED_FAULT_LAUNCH=N[:ERROR]       the N-th launch of a kernel
///   UNMASK_EMULATED_FAULT_COPY=N[:ERROR]         the N-th cudaMemcpy or cudaMemcpyAsync
///   UNMASK_EMULATED_FAULT_CAPTURE=N[:ERROR]      the N-th cudaStreamEndCapture
///   UNMASK_EMULATED_FAULT_INSTANTIATE=N[:ERROR]  the N-th cudaGraphInstantiate
///   UNMASK_EMULATED_FAULT_STICKY=N[:ERROR]       the N-th launch, and every call after it
///   UNMASK_EMULATED_FAULT_GPU=I                  only calls for this GPU count
///   UNMASK_EMULATED_FAULT_ONCE=PATH              one fault in all processes: who makes the file

#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace unmask::emulation {

enum class FaultPoint : std::uint8_t { kMalloc, kLaunch, kCopy, kCapture, kInstantiate, kOther };
inline constexpr std::size_t kNumFaultPoints = 6;

struct FaultSettings {
  struct At {
    std::uint64_t number = 0;  ///< 0: never
    cudaError_t error = cudaSuccess;
  };

  std::array<At, kNumFaultPoints> at{};
  At sticky{};         ///< counts launches
  int gpu = -1;        ///< -1: any
  std::string once{};  ///< empty: as often as they are due
};

/// Counts calls and says which of them fail. Thread-safe.
class Faults {
 public:
  explicit Faults(FaultSettings settings) : settings_(std::move(settings)) {}

  /// Of the call that begins.
  [[nodiscard]] cudaError_t next(FaultPoint point, int gpu);

 private:
  const FaultSettings settings_;
  std::array<std::atomic<std::uint64_t>, kNumFaultPoints> num_of_{};
  std::atomic<cudaError_t> sticky_ = cudaSuccess;
  std::atomic<bool> is_over_ = false;  ///< another process had the one fault
};

/// Whether the one fault of `path` is this process's: nobody has made the file before.
[[nodiscard]] bool claim_fault(const std::string& path);

/// Of this process, as the environment says: what the call that begins has to return.
[[nodiscard]] cudaError_t next_fault(FaultPoint point);

}  // namespace unmask::emulation
