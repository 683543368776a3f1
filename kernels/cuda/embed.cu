#include "kernels/cuda/copy_row.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/row_count.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 128;

/// A thread block per row.
template <typename Entry, typename Out>
__global__ void embed_kernel(const Entry* table, const std::int32_t* tokens, const float* soft_rows,
                             Out* out, RowCount rows, int cols) {
  if (int(blockIdx.x) >= rows.now()) return;
  const std::int64_t token = tokens[blockIdx.x];
  Out* const to = out + std::size_t(blockIdx.x) * std::size_t(cols);
  if (token < 0) {
    copy_row<kThreads>(soft_rows + (-1 - token) * cols, to, cols);
  } else {
    copy_row<kThreads>(table + token * cols, to, cols);
  }
}

}  // namespace

void enqueue(const Embed& op, cudaStream_t stream) {
  if (op.out.rows == 0 || op.out.cols == 0) return;
  with_element(op.table.dtype, [&](auto entry) {
    with_element(op.out.dtype, [&](auto element) {
      using Entry = decltype(entry);
      using Out = decltype(element);
      launch(embed_kernel<Entry, Out>, {dim3(unsigned(op.out.rows)), dim3(kThreads), 0, stream},
             elements<Entry>(op.table), op.tokens, elements<float>(op.soft_rows),
             elements<Out>(op.out), row_count(op.out), op.out.cols);
    });
  });
}

}  // namespace unmask::kernels
