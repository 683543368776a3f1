// What CudaBackend does with the vocabulary.

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/cuda_matrix.h"
#include "kernels/cuda/kernels.h"
#include "runtime/base/check.h"

namespace unmask::kernels {

void CudaBackend::lm_head_candidates(Tensor x, const PackedMatrix& head, ShareOffsets vocab_shares,
                                     std::int32_t first_token, const CandidateQuery& query,
                                     CandidateStats* out) {
  const MatrixView& view = view_of(head);
  UNMASK_CHECK(vocab_shares.num_items() == view.rows);
  UNMASK_CHECK(x.cols == view.num_cols() && view.cols.count == 1);
  const cudaStream_t stream = queue();
  auto* const scratch = packed_rows_.take<std::byte>(
      lm_head_scratch_bytes(view, vocab_shares, x.rows, query.rules.size()));
  kernels::lm_head_candidates(x, view, vocab_shares, first_token, query, out, scratch, stream);
}

void CudaBackend::merge_candidates(const CandidateStats* parts, int num_parts, int num_rows,
                                   CandidateStats* out) {
  UNMASK_CHECK(num_parts >= 1 && num_parts <= kNumShares && (num_parts & (num_parts - 1)) == 0);
  kernels::merge_candidates(parts, num_parts, num_rows, out, queue());
}

void CudaBackend::mix_embeddings(Tensor x, const PackedMatrix& head, Tensor table,
                                 ShareOffsets vocab_shares, const float* log_sum_exp, Tensor out) {
  const MatrixView& view = view_of(head);
  UNMASK_CHECK(vocab_shares.num_items() == view.rows && table.rows == view.rows);
  UNMASK_CHECK(out.rows == x.rows && out.cols == table.cols && out.dtype == DType::kF32);
  UNMASK_CHECK(x.cols == view.num_cols() && view.cols.count == 1);
  const cudaStream_t stream = queue();
  auto* const scratch =
      packed_rows_.take<std::byte>(mix_scratch_bytes(view, vocab_shares, x.rows, table.cols));
  kernels::mix_embeddings(x, view, table, vocab_shares, log_sum_exp, out, scratch, stream);
}

}  // namespace unmask::kernels
