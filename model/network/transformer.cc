#include "model/network/transformer.h"

#include <utility>

#include "model/network/buffer_data.h"

namespace unmask::network {

using kernels::Tensor;

Tensor Transformer::tensor(const std::unique_ptr<kernels::Buffer>& buffer, const Batch& batch,
                           int cols) const {
  return {buffer->data(), rows_dtype_, batch.room.rows, cols, batch.live_rows};
}

Tensor Transformer::operand(const std::unique_ptr<kernels::Buffer>& buffer, const Batch& batch,
                            int cols) const {
  return {buffer->data(), operand_dtype_, batch.room.rows, cols, batch.live_rows};
}

Result<Tensor> Transformer::forward(const Batch& batch, const cache::KvStore& kv, Group& group,
                                    ForwardObserver* observer) {
  const Tensor hidden = tensor(hidden_, batch, config_.hidden_size);
  backend_.run(kernels::Embed{
      .table = embeddings(), .tokens = batch.tokens, .soft_rows = batch.soft_rows, .out = hidden});
  if (observer != nullptr) observer->on_hidden(0, hidden);
  for (int i = 0; i < config_.num_layers; ++i) {
    const Layer& layer = layers_[static_cast<std::size_t>(i)];
    const Result<> attended = attend(layer, batch, kv.layer(i), group);
    if (!attended) return attended.error();
    const Result<> fed = feed_forward(layer, i, batch, group, observer);
    if (!fed) return fed.error();
    if (observer != nullptr) observer->on_hidden(i + 1, hidden);
  }
  return hidden;
}

Result<> Transformer::attend(const Layer& layer, const Batch& batch, kernels::KvLayer kv,
                             Group& group) {
  const Tensor hidden = tensor(hidden_, batch, config_.hidden_size);
  if (!layer.qkv) return group.add_parts(hidden, tensor(zeros_, batch, config_.hidden_size));

  const Tensor normal = operand(normal_, batch, config_.hidden_size);
  const Tensor qkv = tensor(qkv_, batch, split_.qkv_width());
  const Tensor attended = operand(attended_, batch, split_.q_width());
  const Tensor part = tensor(part_, batch, config_.hidden_size);
  kernels::AttentionPlan plan = batch.attention;
  plan.kv_head_of_head = data_of<const std::int32_t>(kv_head_of_head_);

  const float eps = config_.rms_norm_eps;
  backend_.run(kernels::RmsNorm{
      .x = hidden, .weight = data_of<float>(layer.input_norm), .eps = eps, .out = normal});
  backend_.run(kernels::Linear{.x = normal, .weight = *layer.qkv, .out = qkv});
  backend_.run(kernels::QkNormRopeKvWrite{.qkv = qkv,
                                          .heads = split_.shape(),
                                          .q_norm = data_of<float>(layer.q_norm),
                                          .k_norm = data_of<float>(layer.k_norm),
                                          .eps = eps,
                                          .rope = rope_.view(),
                                          .positions = batch.positions,
                                          .slots = batch.slots,
                                          .kv = kv});
  backend_.run(kernels::Attention{
      .qkv = qkv, .heads = split_.shape(), .kv = kv, .plan = plan, .out = attended});
  backend_.run(kernels::Linear{.x = attended, .weight = *layer.o, .out = part});
  return group.add_parts(hidden, part);
}

Result<> Transformer::feed_forward(const Layer& layer, int index, const Batch& batch, Group& group,
                                   ForwardObserver* observer) {
  const Tensor hidden = tensor(hidden_, batch, config_.hidden_size);
  const Tensor normal = tensor(normal_, batch, config_.hidden_size);
  const Tensor part = tensor(part_, batch, config_.hidden_size);
  backend_.run(kernels::RmsNorm{.x = hidden,
                                .weight = data_of<float>(layer.post_attention_norm),
                                .eps = config_.rms_norm_eps,
                                .out = normal});
  if (layer.experts) {
    const int top_k = config_.num_experts_per_token;
    auto* ids = data_of<std::int32_t>(expert_ids_);
    auto* weights = data_of<float>(expert_weights_);
    backend_.run(kernels::RouteTopk{.x = normal,
                                    .router = data_of<float>(layer.router),
                                    .num_experts = config_.num_experts,
                                    .routing = routing_of(layer),
                                    .expert_ids = ids,
                                    .expert_weights = weights});
    if (observer != nullptr) observer->on_routing(index, ids, weights, batch.used.rows, top_k);
    backend_.run(kernels::Experts{.x = normal,
                                  .experts = *layer.experts,
                                  .first_expert = experts_.begin,
                                  .top_k = top_k,
                                  .expert_ids = ids,
                                  .expert_weights = weights,
                                  .out = part});
    const Result<> added = group.add_parts(hidden, part);
    if (!added) return added;
  }
  if (!layer.mlp) return {};
  // A sum of its own: with the experts' in one tree, the order would depend on the workers.
  backend_.run(kernels::Experts{.x = normal,
                                .experts = *layer.mlp,
                                .first_expert = mlp_slices_.begin,
                                .top_k = kernels::kNumShares,
                                .expert_ids = data_of<std::int32_t>(slice_ids_),
                                .expert_weights = data_of<float>(slice_weights_),
                                .out = part});
  return group.add_parts(hidden, part);
}

std::vector<kernels::WeightUse> Transformer::weight_uses() const {
  std::vector<kernels::WeightUse> uses{{.matrix = &head_->matrix(), .is_head = true}};
  for (const Layer& layer : layers_) {
    if (layer.mlp) uses.push_back({.mlp = layer.mlp.get()});
    if (!layer.qkv) continue;
    uses.push_back({.matrix = layer.qkv.get()});
    uses.push_back({.matrix = layer.o.get()});
  }
  return uses;
}

kernels::Routing Transformer::routing_of(const Layer& layer) const {
  kernels::Routing routing;
  routing.top_k = config_.num_experts_per_token;
  routing.score = config_.has_sigmoid_router ? kernels::Routing::Score::kSigmoid
                                             : kernels::Routing::Score::kSoftmax;
  routing.renormalize = config_.renormalize_topk;
  routing.scaling = config_.routed_scaling;
  routing.expert_bias = data_of<float>(layer.expert_bias);
  routing.num_groups = config_.num_expert_groups;
  routing.top_groups = config_.num_top_groups;
  return routing;
}

}  // namespace unmask::network
