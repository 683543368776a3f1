#include "kernels/cuda/copy_row.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/row_count.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 128;

/// A thread block per row.
template <typename In, typename Out>
__global__ void gather_rows_kernel(const In* x, const std::int32_t* rows, Out* out, RowCount count,
                                   int cols) {
  if (int(blockIdx.x) >= count.now()) return;
  const std::int64_t row = rows[blockIdx.x];
  copy_row<kThreads>(x + row * cols, out + std::size_t(blockIdx.x) * std::size_t(cols), cols);
}

}  // namespace

void enqueue(const GatherRows& op, cudaStream_t stream) {
  if (op.out.rows == 0 || op.out.cols == 0) return;
  with_element(op.x.dtype, [&](auto in) {
    with_element(op.out.dtype, [&](auto element) {
      using In = decltype(in);
      using Out = decltype(element);
      launch(gather_rows_kernel<In, Out>, {dim3(unsigned(op.out.rows)), dim3(kThreads), 0, stream},
             elements<In>(op.x), op.rows, elements<Out>(op.out), row_count(op.out), op.out.cols);
    });
  });
}

}  // namespace unmask::kernels
