#include "kernels/cuda/cublas_trial.h"

#include <algorithm>

#include "kernels/cuda/cublas_multiply.h"
#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/product_trial.h"

namespace unmask::kernels {
namespace {

constexpr int kMatricesInTurn = 8;  // more than a cache holds

}  // namespace

template <typename Call>
void CublasTrial::with_op(int i, const Call& call) const {
  const PackedMatrix& weight = *group_.matrices[std::size_t(i)];
  if (group_.kind == ProductKind::kLinear) {
    call(Linear{.x = x_, .weight = weight, .out = out_});
    return;
  }
  call(LmHeadCandidates{.x = x_,
                        .head = weight,
                        .vocab_shares = ShareOffsets{{0, weight.rows()}, 1},
                        .rules = rules_,
                        .rules_of_row = rules_of_row_,
                        .out = stats_});
}

template <typename Enqueue>
double CublasTrial::micros(const Enqueue& enqueue_op) const {
  const int num_calls = std::min(int(group_.matrices.size()), kMatricesInTurn);
  return micros_of(
      num_calls, [&](int i) { with_op(i, enqueue_op); }, stream_);
}

CublasTrial::CublasTrial(const Alike& group, int rows, DeviceScratch& scratch, cudaStream_t stream)
    : group_(group), stream_(stream) {
  const PackedMatrix& weight = *group.matrices.front();
  const bool is_head = group.kind == ProductKind::kHead;
  x_ = {nullptr, is_head ? DType::kF32 : DType::kBF16, rows, weight.cols()};
  out_ = {nullptr, DType::kF32, rows, weight.rows()};
  ScratchParts counted(nullptr);
  place(counted);
  std::size_t op_bytes = 0;
  with_op(0, [&](const auto& op) {
    op_bytes = std::max(kernels::scratch_bytes(op), library_bytes(op));
  });
  op_scratch_ = scratch.take<std::byte>(op_bytes + kPlaceAlignment + counted.bytes());
  ScratchParts parts(op_scratch_ +
                     (op_bytes + kPlaceAlignment - 1) / kPlaceAlignment * kPlaceAlignment);
  place(parts);
  cuda_check(cudaMemsetAsync(x_.data, 0x3c, x_bytes(), stream), "cudaMemsetAsync");
  cuda_check(cudaMemsetAsync(rules_, 0, sizeof *rules_, stream), "cudaMemsetAsync");
  cuda_check(cudaMemsetAsync(rules_of_row_, 0, std::size_t(rows) * sizeof *rules_of_row_, stream),
             "cudaMemsetAsync");
}

void CublasTrial::place(ScratchParts& parts) {
  const auto rows = std::size_t(x_.rows);
  x_.data = parts.take<std::byte>(x_bytes());
  if (group_.kind == ProductKind::kLinear) {
    out_.data = parts.take<float>(rows * std::size_t(out_.cols));
  }
  stats_ = parts.take<CandidateStats>(rows);
  rules_ = parts.take<LogitRules>(1);
  rules_of_row_ = parts.take<std::int32_t>(rows);
}

double CublasTrial::own_micros() const {
  return micros([&](const auto& op) { kernels::enqueue(op, op_scratch_, stream_); });
}
double CublasTrial::library_micros(const CublasProduct& product) const {
  return micros([&](const auto& op) { multiply(op, product, op_scratch_, stream_); });
}

}  // namespace unmask::kernels
