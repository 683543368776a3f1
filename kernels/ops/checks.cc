// What check() of each operation refuses, whichever device is asked. What lies in device memory
// (tokens, positions, slots, a plan) is not looked at.

#include <algorithm>

#include "kernels/backend.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

bool is_activation(const Tensor& tensor) {
  return (tensor.dtype == DType::kF32 || tensor.dtype == DType::kBF16) && tensor.rows >= 0 &&
         tensor.cols >= 0;
}

bool is_same_shape(const Tensor& a, const Tensor& b) {
  return a.rows == b.rows && a.cols == b.cols;
}

bool is_power_of_two_up_to(int most, int n) { return n >= 1 && n <= most && (n & (n - 1)) == 0; }

void check_heads(const Tensor& qkv, const HeadShape& heads, const KvLayer& kv) {
  UNMASK_CHECK(is_activation(qkv) && is_activation(kv.keys) && is_activation(kv.values));
  UNMASK_CHECK(qkv.cols == heads.qkv_cols());
  UNMASK_CHECK(kv.keys.cols == heads.kv_cols());
  UNMASK_CHECK(is_same_shape(kv.keys, kv.values) && kv.keys.dtype == kv.values.dtype);
}

}  // namespace

void Embed::check() const {
  UNMASK_CHECK(is_activation(table) && is_activation(out));
  UNMASK_CHECK(table.cols == out.cols);
  UNMASK_CHECK(soft_rows.rows == 0 ||
               (soft_rows.cols == out.cols && soft_rows.dtype == DType::kF32));
}

void GatherRows::check() const {
  UNMASK_CHECK(is_activation(x) && is_activation(out));
  UNMASK_CHECK(x.cols == out.cols);
}

void RmsNorm::check() const {
  UNMASK_CHECK(is_activation(x) && is_activation(out));
  UNMASK_CHECK(is_same_shape(x, out));
}

void Linear::check() const {
  UNMASK_CHECK(is_activation(x) && is_activation(out));
  UNMASK_CHECK(x.cols == weight.cols());
  UNMASK_CHECK(out.rows == x.rows && out.cols == weight.rows());
}

void QkNormRopeKvWrite::check() const {
  check_heads(qkv, heads, kv);
  UNMASK_CHECK(rope.rotary_dim >= 0 && rope.rotary_dim % 2 == 0);
  UNMASK_CHECK(rope.rotary_dim <= heads.head_dim);
}

void Attention::check() const {
  check_heads(qkv, heads, kv);
  UNMASK_CHECK(heads.head_dim <= kMaxHeadDim);
  UNMASK_CHECK(out.rows == qkv.rows && out.cols == heads.q_cols() && is_activation(out));
  UNMASK_CHECK(out.dtype == qkv.dtype || out.dtype == DType::kBF16);
  UNMASK_CHECK(qkv.dtype == DType::kF32 || kv.keys.dtype == DType::kBF16);
  UNMASK_CHECK(plan.num_sequences >= 0);
}

void RouteTopk::check() const {
  UNMASK_CHECK(is_activation(x));
  UNMASK_CHECK(num_experts >= 1 && num_experts <= kMaxExperts);
  UNMASK_CHECK(routing.top_k >= 1 && routing.num_groups >= 1);
  UNMASK_CHECK(num_experts % routing.num_groups == 0);
  UNMASK_CHECK(routing.top_groups >= 1 && routing.top_groups <= routing.num_groups);
  UNMASK_CHECK(routing.top_k <= num_experts / routing.num_groups * routing.top_groups);
}

void Experts::check() const {
  UNMASK_CHECK(is_activation(x) && is_activation(out));
  UNMASK_CHECK(is_same_shape(x, out));
  UNMASK_CHECK(top_k >= 1 && top_k <= kMaxTopK);
  UNMASK_CHECK(experts.num_experts() <= kMaxExperts);
  UNMASK_CHECK(experts.num_experts() == 0 || experts.hidden_size() == x.cols);
}

void TreeAdd::check() const {
  UNMASK_CHECK(is_activation(x));
  UNMASK_CHECK(is_power_of_two_up_to(kMaxParts, num_parts));
}

void LmHeadCandidates::check() const {
  UNMASK_CHECK(is_activation(x));
  UNMASK_CHECK(x.cols == head.cols() && head.num_col_shares() == 1);
  UNMASK_CHECK(vocab_shares.num_items() == head.rows());
  UNMASK_CHECK(x.rows == 0 || rules != nullptr);
  UNMASK_CHECK((present == nullptr) == (present_logits == nullptr));
  UNMASK_CHECK((listed_offsets == nullptr) == (listed_logits == nullptr));
}

void MergeCandidates::check() const {
  UNMASK_CHECK(num_parts >= 1 && num_parts <= kMaxParts);
  UNMASK_CHECK(num_rows >= 0);
}

void MaxParts::check() const { UNMASK_CHECK(num_parts >= 1 && count >= 0); }

void DrawTokens::check() const {
  UNMASK_CHECK(num_parts >= 1 && num_parts <= kMaxParts && num_rows >= 0);
  UNMASK_CHECK(std::ranges::is_sorted(first_token.begin(), first_token.begin() + num_parts + 1));
  UNMASK_CHECK(num_rows == 0 || (logits != nullptr && rules != nullptr && positions != nullptr));
}

void GuideRows::check() const {
  UNMASK_CHECK(is_activation(x) && guidance.dtype == x.dtype && guidance.cols == x.cols);
}

void ScatterRows::check() const {
  UNMASK_CHECK(x.dtype == DType::kF32 && out.dtype == DType::kF32);
  UNMASK_CHECK(x.cols == out.cols);
}

void MixEmbeddings::check() const {
  UNMASK_CHECK(is_activation(x) && is_activation(table) && out.dtype == DType::kF32);
  UNMASK_CHECK(x.cols == head.cols() && head.num_col_shares() == 1);
  UNMASK_CHECK(vocab_shares.num_items() == head.rows() && table.rows == head.rows());
  UNMASK_CHECK(out.rows == x.rows && out.cols == table.cols);
}

}  // namespace unmask::kernels
