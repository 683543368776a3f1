// Between the two products of an MLP that a library computes. A thread makes four activations.

#include "kernels/cuda/device.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/row_count.h"
#include "kernels/cuda/swiglu.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 256;

/// Grid: rows, pieces of the columns.
__global__ void __launch_bounds__(kThreads)
    activate_mlp_kernel(const float* sums, RowCount rows, int width, bf16* out) {
  const int column = (int(blockIdx.y) * kThreads + int(threadIdx.x)) * 4;
  if (int(blockIdx.x) >= rows.now() || column >= width) return;
  const float* const gates =
      sums + std::int64_t{blockIdx.x} * 2 * width + column / 8 * 16 + column % 8;
  const float4 gate = load_4(gates), up = load_4(gates + 8);
  store_4(out + std::int64_t{blockIdx.x} * width + column,
          float4{swiglu(gate.x, up.x), swiglu(gate.y, up.y), swiglu(gate.z, up.z),
                 swiglu(gate.w, up.w)});
}

}  // namespace

void activate_mlp(Tensor sums, void* activations, cudaStream_t stream) {
  const int width = sums.cols / 2;
  const unsigned pieces = unsigned((width / 4 + kThreads - 1) / kThreads);
  launch(activate_mlp_kernel, {dim3(unsigned(sums.rows), pieces), dim3(kThreads), 0, stream},
         static_cast<const float*>(sums.data), row_count(sums), width,
         static_cast<bf16*>(activations));
}

}  // namespace unmask::kernels
