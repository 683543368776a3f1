#include "kernels/cuda/cublas_multiply.h"

#include <algorithm>

#include "kernels/cuda/cuda_experts.h"
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

struct MlpScratch {
  void* rows;         // bf16 [n, gate_up_cols]
  float* sums;        // [n, 2 * all slices' down_cols]
  void* activations;  // bf16 [n, all slices' down_cols]
  void* workspace;
};

int mlp_width(const ExpertsView& view) { return view.num_experts * int(view.shape.down_cols()); }

MlpScratch scratch_in(ScratchParts& parts, const Experts& op) {
  const ExpertsView& view = view_of(op.experts);
  const auto rows = std::size_t(op.x.rows), width = std::size_t(mlp_width(view));
  MlpScratch scratch{};
  scratch.rows =
      parts.take<std::byte>(rows * std::size_t(view.shape.gate_up_cols()) * size_of(view.dtype));
  scratch.sums = parts.take<float>(rows * 2 * width);
  scratch.activations = parts.take<std::byte>(rows * width * size_of(view.dtype));
  scratch.workspace = parts.take<std::byte>(kCublasWorkspaceBytes);
  return scratch;
}

}  // namespace

void multiply(const Linear& op, const CublasProductList& products, void* scratch,
              cudaStream_t stream) {
  ScratchParts parts(scratch);
  const LinearScratch arrays = scratch_in(parts, op);
  if (arrays.rows != nullptr) pack_rows(op.x, view_of(op.weight), arrays.rows, stream);
  products[0]->enqueue(arrays.rows != nullptr ? arrays.rows : op.x.data, view_of(op.weight).data,
                       static_cast<float*>(op.out.data), arrays.workspace, stream);
}

/// The workspace, and behind it what lm_head_candidates takes.
void multiply(const LmHeadCandidates& op, const CublasProductList& products, void* scratch,
              cudaStream_t stream) {
  const CublasProduct& product = *products[0];
  ScratchParts parts(scratch);
  void* const workspace = parts.take<std::byte>(kCublasWorkspaceBytes);
  const LogitPieces pieces{product.rows(), [&](const void* x, float* logits) {
                             product.enqueue(x, view_of(op.head).data, logits, workspace, stream);
                           }};
  enqueue(op, pieces, static_cast<std::byte*>(scratch) + parts.bytes(), stream);
}

void multiply(const Experts& op, const CublasProductList& products, void* scratch,
              cudaStream_t stream) {
  const ExpertsView& view = view_of(op.experts);
  ScratchParts parts(scratch);
  const MlpScratch arrays = scratch_in(parts, op);
  pack_rows(op.x, rows_of(view), arrays.rows, stream);
  products[0]->enqueue(arrays.rows, view.gate_up, arrays.sums, arrays.workspace, stream);
  activate_mlp({arrays.sums, DType::kF32, op.x.rows, 2 * mlp_width(view), op.x.live_rows},
               arrays.activations, stream);
  products[1]->enqueue(arrays.activations, view.down, static_cast<float*>(op.out.data),
                       arrays.workspace, stream);
}

std::size_t library_bytes(const Experts& op) {
  ScratchParts parts(nullptr);
  scratch_in(parts, op);
  return parts.bytes();
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
