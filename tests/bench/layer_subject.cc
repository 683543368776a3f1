#include "tests/bench/layer_subject.h"

#include "kernels/shares.h"
#include "model/network/placement.h"
#include "runtime/base/check.h"
#include "tests/bench/random_weights.h"

namespace unmask::bench {
namespace {

using kernels::DType;
using kernels::Tensor;

std::size_t product(int a, int b) { return std::size_t(a) * std::size_t(b); }

}  // namespace

LayerSubject::LayerSubject(kernels::Backend& backend, const checkpoint::ModelConfig& config,
                           DType dtype, int max_rows)
    : backend_(backend),
      config_(config),
      rope_(backend, config.rope_theta, config.rotary_dim, kNumKeys),
      norm_(backend, std::vector<float>(std::size_t(config.hidden_size), 1.0f)),
      head_norm_(backend, std::vector<float>(std::size_t(config.head_dim), 1.0f)),
      router_(backend, random_values(product(config.num_experts, config.hidden_size), 1, 0.02f)),
      keys_(backend, random_values(product(kNumKeys, config.num_kv_heads * config.head_dim), 2)),
      values_(backend, random_values(product(kNumKeys, config.num_kv_heads * config.head_dim), 3)),
      hidden_(backend, random_values(product(max_rows, config.hidden_size), 4)),
      normal_(backend, product(max_rows, config.hidden_size)),
      qkv_(backend,
           product(max_rows, (config.num_heads + 2 * config.num_kv_heads) * config.head_dim)),
      attended_(backend, product(max_rows, config.num_heads * config.head_dim)),
      part_(backend, product(max_rows, config.hidden_size)),
      sum_(backend, product(max_rows, config.hidden_size)),
      expert_weights_(backend, product(max_rows, config.num_experts_per_token)),
      expert_ids_(backend, product(max_rows, config.num_experts_per_token)),
      kv_head_of_head_(backend, consecutive(std::size_t(config.num_heads), 0)),
      key_limits_(backend, std::vector<std::int32_t>(std::size_t(max_rows), kNumKeys)),
      run_offsets_(backend, {0, 1}),
      runs_(backend, {{.first_slot = 0, .num_slots = kNumKeys}}) {
  UNMASK_CHECK(config.num_heads == config.num_kv_heads && max_rows <= kNumKeys);
  pack(dtype);
}

void LayerSubject::pack(DType dtype) {
  const int hidden = config_.hidden_size, width = config_.expert_intermediate_size;
  const int head_dim = config_.head_dim, q_width = config_.num_heads * head_dim;
  RandomWeights weights(0.02f);
  qkv_weights_ =
      backend_.pack_matrix({{weights.next(q_width, hidden), weights.next(q_width, hidden),
                             weights.next(q_width, hidden)}},
                           dtype, network::Placement::whole(hidden));
  kernels::ShareOffsets heads = kernels::local_shares(config_.num_heads, 0, 1);
  for (std::int64_t& offset : heads.offset) offset *= head_dim;
  o_weights_ = backend_.pack_matrix({{weights.next(hidden, q_width)}}, dtype, heads);
  std::vector<kernels::ExpertMatrices> experts;
  for (int i = 0; i < config_.num_experts; ++i) {
    experts.push_back(
        {weights.next(width, hidden), weights.next(width, hidden), weights.next(hidden, width)});
  }
  experts_ =
      backend_.pack_experts(experts, dtype, kernels::local_shares(config_.num_experts, 0, 1));
}

std::string LayerSubject::name() const {
  return "one layer of LLaDA-MoE-7B, " + std::to_string(kNumKeys) + " keys";
}

void LayerSubject::prepare(int num_rows) {
  num_rows_ = num_rows;
  positions_ = std::make_unique<DeviceArray<std::int32_t>>(
      backend_, consecutive(std::size_t(num_rows), kNumKeys - num_rows));
  row_offsets_ =
      std::make_unique<DeviceArray<std::int32_t>>(backend_, std::vector<std::int32_t>{0, num_rows});
}

void LayerSubject::forward() {
  attend();
  mix_experts();
}

void LayerSubject::attend() {
  const int hidden = config_.hidden_size, q_width = config_.num_heads * config_.head_dim;
  const Tensor normal = rows_of(normal_, hidden), qkv = rows_of(qkv_, 3 * q_width);
  const Tensor attended = rows_of(attended_, q_width), part = rows_of(part_, hidden);
  const auto kv_rows = [&](const DeviceArray<float>& array) {
    return Tensor{array.data(), DType::kF32, kNumKeys, q_width};
  };
  const kernels::KvLayer kv{kv_rows(keys_), kv_rows(values_)};
  const kernels::AttentionPlan plan{.num_sequences = 1,
                                    .row_offsets = row_offsets_->data(),
                                    .run_offsets = run_offsets_.data(),
                                    .runs = runs_.data(),
                                    .kv_head_of_head = kv_head_of_head_.data(),
                                    .key_limit = key_limits_.data()};
  backend_.run(kernels::RmsNorm{.x = rows_of(hidden_, hidden),
                                .weight = norm_.data(),
                                .eps = config_.rms_norm_eps,
                                .out = normal});
  backend_.run(kernels::Linear{.x = normal, .weight = *qkv_weights_, .out = qkv});
  backend_.run(kernels::QkNormRopeKvWrite{.qkv = qkv,
                                          .heads = heads(),
                                          .q_norm = head_norm_.data(),
                                          .k_norm = head_norm_.data(),
                                          .eps = config_.rms_norm_eps,
                                          .rope = rope_.view(),
                                          .positions = positions_->data(),
                                          .slots = positions_->data(),
                                          .kv = kv});
  backend_.run(
      kernels::Attention{.qkv = qkv, .heads = heads(), .kv = kv, .plan = plan, .out = attended});
  backend_.run(kernels::Linear{.x = attended, .weight = *o_weights_, .out = part});
  backend_.run(kernels::TreeAdd{.x = rows_of(sum_, hidden), .parts = part.data});
}

void LayerSubject::mix_experts() {
  const int hidden = config_.hidden_size, top_k = config_.num_experts_per_token;
  const Tensor normal = rows_of(normal_, hidden), part = rows_of(part_, hidden);
  kernels::Routing routing;
  routing.top_k = top_k;
  backend_.run(kernels::RmsNorm{.x = rows_of(hidden_, hidden),
                                .weight = norm_.data(),
                                .eps = config_.rms_norm_eps,
                                .out = normal});
  backend_.run(kernels::RouteTopk{.x = normal,
                                  .router = router_.data(),
                                  .num_experts = config_.num_experts,
                                  .routing = routing,
                                  .expert_ids = expert_ids_.data(),
                                  .expert_weights = expert_weights_.data()});
  backend_.run(kernels::Experts{.x = normal,
                                .experts = *experts_,
                                .first_expert = 0,
                                .top_k = top_k,
                                .expert_ids = expert_ids_.data(),
                                .expert_weights = expert_weights_.data(),
                                .out = part});
  backend_.run(kernels::TreeAdd{.x = rows_of(sum_, hidden), .parts = part.data});
}

kernels::HeadShape LayerSubject::heads() const {
  return {.num_heads = config_.num_heads,
          .num_kv_heads = config_.num_kv_heads,
          .head_dim = config_.head_dim};
}

Tensor LayerSubject::rows_of(const DeviceArray<float>& array, int cols) const {
  return {array.data(), DType::kF32, num_rows_, cols};
}

}  // namespace unmask::bench
