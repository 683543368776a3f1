#include "kernels/cuda/cublas_multiply.h"

#include <algorithm>

#include "kernels/cuda/cuda_matrix.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/packed_shapes.h"
#include "kernels/cuda/scratch_parts.h"

namespace unmask::kernels {
namespace {

struct LinearScratch {
  void* rows;  // packed; null: x is what it has to be
  void* workspace;
};

LinearScratch scratch_in(ScratchParts& parts, const Linear& op) {
  const MatrixView& weight = view_of(op.weight);
  LinearScratch scratch{};
  if (op.x.dtype != weight.dtype || weight.stride() != op.x.cols) {
    scratch.rows = parts.take<std::byte>(std::size_t(op.x.rows) * std::size_t(weight.stride()) *
                                         size_of(weight.dtype));
  }
  scratch.workspace = parts.take<std::byte>(kCublasWorkspaceBytes);
  return scratch;
}

}  // namespace

void multiply(const Linear& op, const CublasProduct& product, void* scratch, cudaStream_t stream) {
  ScratchParts parts(scratch);
  const LinearScratch arrays = scratch_in(parts, op);
  if (arrays.rows != nullptr) pack_rows(op.x, view_of(op.weight), arrays.rows, stream);
  product.enqueue(arrays.rows != nullptr ? arrays.rows : op.x.data, view_of(op.weight).data,
                  static_cast<float*>(op.out.data), arrays.workspace, stream);
}

/// The workspace, and behind it what lm_head_candidates takes.
void multiply(const LmHeadCandidates& op, const CublasProduct& product, void* scratch,
              cudaStream_t stream) {
  ScratchParts parts(scratch);
  void* const workspace = parts.take<std::byte>(kCublasWorkspaceBytes);
  const LogitPieces pieces{product.rows(), [&](const void* x, float* logits) {
                             product.enqueue(x, view_of(op.head).data, logits, workspace, stream);
                           }};
  enqueue(op, pieces, static_cast<std::byte*>(scratch) + parts.bytes(), stream);
}

std::size_t library_bytes(const Linear& op) {
  ScratchParts parts(nullptr);
  scratch_in(parts, op);
  return parts.bytes();
}

std::size_t library_bytes(const LmHeadCandidates& op) {
  const LogitPieces pieces{std::min(op.x.rows, kMaxLogitRows), {}};
  return kCublasWorkspaceBytes + scratch_bytes(op, pieces);
}

}  // namespace unmask::kernels
