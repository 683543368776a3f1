#include "tests/bench/cuda/cuda_graph.h"

#include "kernels/cuda/cuda_check.h"

namespace unmask::bench {

using kernels::cuda_check;

CudaGraph::CudaGraph(cudaStream_t stream, const std::function<void()>& work) : stream_(stream) {
  cuda_check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
             "cudaStreamBeginCapture");
  work();
  cudaGraph_t graph = nullptr;
  cuda_check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
  const cudaError_t error = cudaGraphInstantiate(&exec_, graph, 0);
  cudaGraphDestroy(graph);
  cuda_check(error, "cudaGraphInstantiate");
}

CudaGraph::~CudaGraph() { cudaGraphExecDestroy(exec_); }

double CudaGraph::seconds_per_replay(int count) const {
  const double seconds = device_seconds(stream_, [&] {
    for (int i = 0; i < count; ++i) {
      cuda_check(cudaGraphLaunch(exec_, stream_), "cudaGraphLaunch");
    }
  });
  return seconds / count;
}

double device_seconds(cudaStream_t stream, const std::function<void()>& enqueue) {
  cudaEvent_t begin = nullptr, end = nullptr;
  cuda_check(cudaEventCreate(&begin), "cudaEventCreate");
  cuda_check(cudaEventCreate(&end), "cudaEventCreate");
  cuda_check(cudaEventRecord(begin, stream), "cudaEventRecord");
  enqueue();
  cuda_check(cudaEventRecord(end, stream), "cudaEventRecord");
  cuda_check(cudaEventSynchronize(end), "cudaEventSynchronize");
  float milliseconds = 0;
  cuda_check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return double(milliseconds) * 1e-3;
}

}  // namespace unmask::bench
