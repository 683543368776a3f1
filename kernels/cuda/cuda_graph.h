#pragma once

#include <cuda_runtime_api.h>

#include "kernels/recording.h"

namespace unmask::kernels {

/// A captured piece of a stream, ready to be launched.
class CudaGraph final : public Recording {
 public:
  /// Takes the graph's executable, not the graph. Throws DeviceError if it cannot be made.
  explicit CudaGraph(cudaGraph_t graph);
  ~CudaGraph() override;
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  void launch(cudaStream_t stream) const;

 private:
  cudaGraphExec_t exec_ = nullptr;
};

}  // namespace unmask::kernels
