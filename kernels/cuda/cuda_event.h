#pragma once

#include <cuda_runtime_api.h>

namespace unmask::kernels {

/// A place in a stream that the host can wait for.
class CudaEvent {
 public:
  /// Of the current device.
  CudaEvent();
  ~CudaEvent();
  CudaEvent(const CudaEvent&) = delete;
  CudaEvent& operator=(const CudaEvent&) = delete;

  /// Marks what is enqueued on `stream` now.
  void record(cudaStream_t stream) const;
  /// Until what was marked is done: a moment with open eyes, for a step is short, then asleep.
  void wait() const;

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace unmask::kernels
