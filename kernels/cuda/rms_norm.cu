#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/reduce.h"
#include "kernels/cuda/row_count.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 256;

/// A thread block per row; four numbers per access where rows are aligned to that.
template <typename In, typename Out>
__global__ void rms_norm_kernel(const In* x, const float* weight, Out* out, RowCount rows, int cols,
                                float eps) {
  if (int(blockIdx.x) >= rows.now()) return;
  const std::size_t row = std::size_t(blockIdx.x) * std::size_t(cols);
  const int num_vectors = cols % 4 == 0 ? cols / 4 : 0;
  float squares = 0.0f;
  for (int v = int(threadIdx.x); v < num_vectors; v += kThreads) {
    const float4 a = load_4(x + row + v * 4);
    squares = fmaf(a.x, a.x, fmaf(a.y, a.y, fmaf(a.z, a.z, fmaf(a.w, a.w, squares))));
  }
  for (int j = num_vectors * 4 + int(threadIdx.x); j < cols; j += kThreads) {
    const float value = to_float(x[row + j]);
    squares = fmaf(value, value, squares);
  }
  squares = block_reduce(squares, [](float a, float b) { return a + b; });

  const float scale = 1.0f / sqrtf(squares / float(cols) + eps);
  for (int v = int(threadIdx.x); v < num_vectors; v += kThreads) {
    const float4 a = load_4(x + row + v * 4), w = load_4(weight + v * 4);
    store_4(out + row + v * 4,
            float4{a.x * scale * w.x, a.y * scale * w.y, a.z * scale * w.z, a.w * scale * w.w});
  }
  for (int j = num_vectors * 4 + int(threadIdx.x); j < cols; j += kThreads) {
    out[row + j] = from_float<Out>(to_float(x[row + j]) * scale * weight[j]);
  }
}

}  // namespace

void enqueue(const RmsNorm& op, cudaStream_t stream) {
  if (op.x.rows == 0) return;
  with_element(op.x.dtype, [&](auto in) {
    with_element(op.out.dtype, [&](auto element) {
      using In = decltype(in);
      using Out = decltype(element);
      launch(rms_norm_kernel<In, Out>, {dim3(unsigned(op.x.rows)), dim3(kThreads), 0, stream},
             elements<In>(op.x), op.weight, elements<Out>(op.out), row_count(op.x), op.x.cols,
             op.eps);
    });
  });
}

}  // namespace unmask::kernels
