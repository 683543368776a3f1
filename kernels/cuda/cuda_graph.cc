#include "kernels/cuda/cuda_graph.h"

#include "kernels/cuda/cuda_check.h"

namespace unmask::kernels {

CudaGraph::CudaGraph(cudaGraph_t graph) {
  cuda_check(cudaGraphInstantiate(&exec_, graph, 0), "cudaGraphInstantiate");
}

CudaGraph::~CudaGraph() { cudaGraphExecDestroy(exec_); }

void CudaGraph::launch(cudaStream_t stream) const {
  cuda_check(cudaGraphLaunch(exec_, stream), "cudaGraphLaunch");
}

}  // namespace unmask::kernels
