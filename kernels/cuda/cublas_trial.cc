#include "kernels/cuda/cublas_trial.h"

#include <algorithm>

#include "kernels/cuda/cublas_multiply.h"
#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/product_trial.h"

namespace unmask::kernels {
namespace {

constexpr int kWeightsInTurn = 8;  // more than a cache holds

/// Rows of what an operation on these weights gets and gives.
struct Sides {
  DType x_dtype;
  int inputs, outputs;
};
Sides sides_of(const Alike& group) {
  if (group.kind == ProductKind::kGateUp) {
    const int hidden = group.mlps.front()->hidden_size();
    return {DType::kF32, hidden, hidden};
  }
  const PackedMatrix& weight = *group.matrices.front();
  return {group.kind == ProductKind::kHead ? DType::kF32 : DType::kBF16, weight.cols(),
          weight.rows()};
}

}  // namespace

template <typename Call>
void CublasTrial::with_op(int i, const Call& call) const {
  if (group_.kind == ProductKind::kGateUp) {
    return call(Experts{.x = x_,
                        .experts = *group_.mlps[std::size_t(i)],
                        .top_k = kNumShares,
                        .expert_ids = slice_ids_,
                        .expert_weights = slice_weights_,
                        .out = out_});
  }
  const PackedMatrix& weight = *group_.matrices[std::size_t(i)];
  if (group_.kind == ProductKind::kLinear) {
    return call(Linear{.x = x_, .weight = weight, .out = out_});
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
  const std::size_t num_weights = std::max(group_.matrices.size(), group_.mlps.size());
  const int num_calls = std::min(int(num_weights), kWeightsInTurn);
  return micros_of(
      num_calls, [&](int i) { with_op(i, enqueue_op); }, stream_);
}

CublasTrial::CublasTrial(const Alike& group, int rows, DeviceScratch& scratch, cudaStream_t stream)
    : group_(group), stream_(stream) {
  const Sides sides = sides_of(group);
  x_ = {nullptr, sides.x_dtype, rows, sides.inputs};
  out_ = {nullptr, DType::kF32, rows, sides.outputs};
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
  fill();
}

void CublasTrial::place(ScratchParts& parts) {
  const auto rows = std::size_t(x_.rows);
  x_.data = parts.take<std::byte>(x_bytes());
  if (group_.kind == ProductKind::kHead) {
    stats_ = parts.take<CandidateStats>(rows);
    rules_ = parts.take<LogitRules>(1);
    rules_of_row_ = parts.take<std::int32_t>(rows);
  } else {
    out_.data = parts.take<float>(rows * std::size_t(out_.cols));
  }
  if (group_.kind == ProductKind::kGateUp) {
    slice_ids_ = parts.take<std::int32_t>(rows * kNumShares);
    slice_weights_ = parts.take<float>(rows * kNumShares);
  }
}

void CublasTrial::fill() {
  const auto set = [&](void* to, int byte, std::size_t bytes) {
    cuda_check(cudaMemsetAsync(to, byte, bytes, stream_), "cudaMemsetAsync");
  };
  set(x_.data, 0x3c, x_bytes());
  if (group_.kind == ProductKind::kHead) {
    set(rules_, 0, sizeof *rules_);
    set(rules_of_row_, 0, std::size_t(x_.rows) * sizeof *rules_of_row_);
  }
  if (group_.kind != ProductKind::kGateUp) return;
  const std::size_t count = std::size_t(x_.rows) * kNumShares;
  set(slice_weights_, 0x3c, count * sizeof *slice_weights_);
  all_slices_ = std::make_unique<PinnedMemory>(count * sizeof *slice_ids_);
  auto* const ids = static_cast<std::int32_t*>(all_slices_->data());
  for (std::size_t i = 0; i < count; ++i) ids[i] = std::int32_t(i % kNumShares);
  cuda_check(cudaMemcpyAsync(slice_ids_, ids, count * sizeof *ids, cudaMemcpyHostToDevice, stream_),
             "cudaMemcpyAsync");
}

double CublasTrial::own_micros() const {
  return micros([&](const auto& op) { kernels::enqueue(op, op_scratch_, stream_); });
}
double CublasTrial::library_micros(const CublasProductList& products) const {
  return micros([&](const auto& op) { multiply(op, products, op_scratch_, stream_); });
}

}  // namespace unmask::kernels
