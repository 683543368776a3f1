#pragma once

#include <cuda_runtime_api.h>

#include <functional>

namespace unmask::bench {

/// What was enqueued on a stream, to be enqueued again at once. Throws DeviceError.
class CudaGraph {
 public:
  /// work: enqueues on `stream` and does nothing else
  CudaGraph(cudaStream_t stream, const std::function<void()>& work);
  ~CudaGraph();
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  /// Of one replay, when `count` follow each other.
  [[nodiscard]] double seconds_per_replay(int count) const;

 private:
  cudaStream_t stream_;
  cudaGraphExec_t exec_ = nullptr;
};

/// Of the work that enqueue() puts on the stream, by the device's own clock.
double device_seconds(cudaStream_t stream, const std::function<void()>& enqueue);

}  // namespace unmask::bench
