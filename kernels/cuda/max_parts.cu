#include "kernels/cuda/device.h"
#include "kernels/cuda/kernels.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 128;

/// One thread per number.
__global__ void max_parts_kernel(const float* parts, int num_parts, int count, float* out) {
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= count) return;
  float max = parts[i];
  for (int p = 1; p < num_parts; ++p) max = fmaxf(max, parts[std::int64_t{p} * count + i]);
  out[i] = max;
}

}  // namespace

void enqueue(const MaxParts& op, cudaStream_t stream) {
  if (op.count == 0) return;
  launch(max_parts_kernel,
         {dim3(unsigned((op.count + kThreads - 1) / kThreads)), dim3(kThreads), 0, stream},
         op.parts, op.num_parts, op.count, op.out);
}

}  // namespace unmask::kernels
