#include "kernels/cuda/product_trial.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/cuda_graph.h"

namespace unmask::kernels {
namespace {

constexpr int kRounds = 3;
constexpr double kNever = std::numeric_limits<double>::infinity();

/// A place in a stream with the time at which the device came by.
class TimedEvent {
 public:
  TimedEvent() { cuda_check(cudaEventCreate(&event_), "cudaEventCreate"); }
  ~TimedEvent() { cudaEventDestroy(event_); }
  TimedEvent(const TimedEvent&) = delete;
  TimedEvent& operator=(const TimedEvent&) = delete;

  void record(cudaStream_t stream) const {
    cuda_check(cudaEventRecord(event_, stream), "cudaEventRecord");
  }
  [[nodiscard]] double micros_since(const TimedEvent& start) const {
    float millis = 0;
    cuda_check(cudaEventSynchronize(event_), "cudaEventSynchronize");
    cuda_check(cudaEventElapsedTime(&millis, start.event_, event_), "cudaEventElapsedTime");
    return double(millis) * 1e3;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// As one graph, for what the host takes to enqueue a call is not the device's time.
std::unique_ptr<CudaGraph> record(int num_calls, const std::function<void(int)>& call,
                                  cudaStream_t stream) {
  cuda_check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
             "cudaStreamBeginCapture");
  std::optional<DeviceError> fault;
  try {
    for (int i = 0; i < num_calls; ++i) call(i);
  } catch (const DeviceError& error) {
    fault = error;  // the stream must not stay in capture
  }
  cudaGraph_t graph = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
  const std::unique_ptr<CUgraph_st, cudaError_t (*)(cudaGraph_t)> owned(graph, cudaGraphDestroy);
  if (fault) throw DeviceError(*fault);
  cuda_check(ended, "cudaStreamEndCapture");
  return std::make_unique<CudaGraph>(graph);
}

}  // namespace

double micros_of(int num_calls, const std::function<void(int)>& call, cudaStream_t stream) {
  double least = kNever;
  try {
    call(0);  // loads what is loaded lazily
    const std::unique_ptr<CudaGraph> graph = record(num_calls, call, stream);
    const TimedEvent start, end;
    for (int round = 0; round < kRounds; ++round) {
      start.record(stream);
      graph->launch(stream);
      end.record(stream);
      least = std::min(least, end.micros_since(start) / num_calls);
    }
  } catch (const DeviceError&) {
    cudaGetLastError();  // a call that was refused is no fault of what comes later
    const cudaError_t state = cudaStreamSynchronize(stream);
    if (state != cudaSuccess) throw;  // a device that failed is
    return kNever;
  }
  return least;
}

}  // namespace unmask::kernels
