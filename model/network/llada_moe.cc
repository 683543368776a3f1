#include "model/network/llada_moe.h"

#include <array>
#include <string>
#include <utility>

namespace unmask {

using kernels::DType;
using kernels::Tensor;

namespace {

template <typename T>
T* data_of(const std::unique_ptr<kernels::Buffer>& buffer) {
  return buffer ? static_cast<T*>(buffer->data()) : nullptr;
}

std::unique_ptr<kernels::Buffer> allocate(kernels::Backend& backend, int rows, int cols) {
  return backend.allocate(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) *
                          sizeof(float));
}

}  // namespace

LladaMoe::LladaMoe(WeightLoader& loader, const Placement& placement, int max_rows,
                   int max_positions)
    : backend_(loader.backend()),
      config_(loader.checkpoint().config()),
      placement_(placement),
      split_(split_heads(config_, placement)),
      experts_(placement.slice(config_.num_experts)),
      dtype_(loader.dtype()),
      rope_(backend_, config_.rope_theta, config_.rotary_dim, max_positions) {
  const std::vector<std::int32_t> kv_heads = kv_head_of_head(config_, split_);
  if (!kv_heads.empty()) {
    kv_head_of_head_ = backend_.allocate(kv_heads.size() * sizeof(std::int32_t));
    backend_.upload(kv_head_of_head_->data(), kv_heads.data(),
                    kv_heads.size() * sizeof(std::int32_t));
    backend_.synchronize();
    qkv_ = allocate(backend_, max_rows, split_.qkv_width());
    attended_ = allocate(backend_, max_rows, split_.q_width());
  } else {
    zeros_ = allocate(backend_, max_rows, config_.hidden_size);
  }
  hidden_ = allocate(backend_, max_rows, config_.hidden_size);
  normal_ = allocate(backend_, max_rows, config_.hidden_size);
  part_ = allocate(backend_, max_rows, config_.hidden_size);
  expert_ids_ = allocate(backend_, max_rows, config_.num_experts_per_token);
  expert_weights_ = allocate(backend_, max_rows, config_.num_experts_per_token);
}

Result<std::unique_ptr<LladaMoe>> LladaMoe::load(WeightLoader& loader, const Placement& placement,
                                                 int max_rows, int max_positions) {
  const ModelConfig& config = loader.checkpoint().config();
  const std::string model = loader.checkpoint().dir().string();
  if (config.shared_expert_intermediate_size > 0) {
    return Error{ErrorCode::kInvalidArgument, model + ": shared experts are not supported yet"};
  }
  if (config.vocab_size < placement.num_ranks) {
    return Error{ErrorCode::kInvalidArgument, model + ": " + std::to_string(placement.num_ranks) +
                                                  " workers cannot share " +
                                                  std::to_string(config.vocab_size) + " tokens"};
  }
  std::unique_ptr<LladaMoe> network(new LladaMoe(loader, placement, max_rows, max_positions));
  network->load_embeddings(loader);
  for (int i = 0; i < config.num_layers && !loader.error(); ++i) {
    network->layers_.push_back(network->load_layer(loader, i));
  }
  network->load_head(loader, max_rows);
  if (loader.error()) return *loader.error();
  return network;
}

void LladaMoe::load_embeddings(WeightLoader& loader) {
  embeddings_ = loader.table({.name = "model.embed_tokens.weight",
                              .rows = config_.vocab_size,
                              .cols = config_.hidden_size,
                              .row_slice = {},
                              .col_slice = {}},
                             dtype_);
}

LladaMoe::Layer LladaMoe::load_layer(WeightLoader& loader, int index) {
  const std::string prefix = "model.layers." + std::to_string(index) + ".";
  Layer layer;
  layer.input_norm = loader.vector(prefix + "input_layernorm.weight", config_.hidden_size);
  layer.post_attention_norm =
      loader.vector(prefix + "post_attention_layernorm.weight", config_.hidden_size);
  load_attention(loader, prefix + "self_attn.", layer);
  load_experts(loader, prefix + "mlp.", layer);
  return layer;
}

void LladaMoe::load_attention(WeightLoader& loader, const std::string& prefix, Layer& layer) {
  if (split_.heads.size() == 0) return;
  const int dim = config_.head_dim;
  const auto rows_of = [&](const char* name, int num_heads, Slice heads) {
    return MatrixPart{.name = prefix + name,
                      .rows = std::int64_t(num_heads) * dim,
                      .cols = config_.hidden_size,
                      .row_slice = Slice{heads.begin * dim, heads.end * dim},
                      .col_slice = {}};
  };
  const std::array<MatrixPart, 3> qkv = {
      rows_of("q_proj.weight", config_.num_heads, split_.heads),
      rows_of("k_proj.weight", config_.num_kv_heads, split_.kv_heads),
      rows_of("v_proj.weight", config_.num_kv_heads, split_.kv_heads)};
  layer.qkv = loader.matrix(qkv, Placement::whole(config_.hidden_size));

  const MatrixPart o{.name = prefix + "o_proj.weight",
                     .rows = config_.hidden_size,
                     .cols = std::int64_t(config_.num_heads) * dim,
                     .row_slice = {},
                     .col_slice = Slice{split_.heads.begin * dim, split_.heads.end * dim}};
  kernels::ShareOffsets shares = placement_.shares(config_.num_heads);
  for (std::int64_t& offset : shares.offset) offset *= dim;
  layer.o = loader.matrix({&o, 1}, shares);

  if (!config_.has_qk_norm) return;
  layer.q_norm = loader.vector(prefix + "q_norm.weight", dim);
  layer.k_norm = loader.vector(prefix + "k_norm.weight", dim);
}

void LladaMoe::load_experts(WeightLoader& loader, const std::string& prefix, Layer& layer) {
  const int hidden = config_.hidden_size;
  const int width = config_.expert_intermediate_size;
  layer.router = loader.table({.name = prefix + "gate.weight",
                               .rows = config_.num_experts,
                               .cols = hidden,
                               .row_slice = {},
                               .col_slice = {}},
                              DType::kF32);
  std::vector<ExpertParts> experts;
  for (int i = experts_.begin; i < experts_.end; ++i) {
    const auto part = [&](const char* name, int rows, int cols) {
      return MatrixPart{.name = prefix + "experts." + std::to_string(i) + "." + name,
                        .rows = rows,
                        .cols = cols,
                        .row_slice = {},
                        .col_slice = {}};
    };
    experts.push_back({.gate = part("gate_proj.weight", width, hidden),
                       .up = part("up_proj.weight", width, hidden),
                       .down = part("down_proj.weight", hidden, width)});
  }
  layer.experts = loader.experts(experts, placement_.shares(config_.num_experts));
}

void LladaMoe::load_head(WeightLoader& loader, int max_rows) {
  auto norm = loader.vector("model.norm.weight", config_.hidden_size);
  const char* name = config_.has_tied_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
  const MatrixPart rows{.name = name,
                        .rows = config_.vocab_size,
                        .cols = config_.hidden_size,
                        .row_slice = placement_.slice(config_.vocab_size),
                        .col_slice = {}};
  auto head = loader.matrix({&rows, 1}, Placement::whole(config_.hidden_size));
  if (loader.error()) return;
  head_ = std::make_unique<LmHead>(backend_,
                                   LmHead::Weights{.norm = std::move(norm),
                                                   .head = std::move(head),
                                                   .eps = config_.rms_norm_eps,
                                                   .hidden_size = config_.hidden_size,
                                                   .vocab_size = config_.vocab_size},
                                   placement_, max_rows);
}

Tensor LladaMoe::embeddings() const {
  return {embeddings_->data(), dtype_, config_.vocab_size, config_.hidden_size};
}

Tensor LladaMoe::tensor(const std::unique_ptr<kernels::Buffer>& buffer, int rows, int cols) const {
  return {buffer->data(), DType::kF32, rows, cols};
}

Result<Tensor> LladaMoe::forward(const Batch& batch, const KvStore& kv, Group& group,
                                 ForwardObserver* observer) {
  const Tensor hidden = tensor(hidden_, batch.num_rows, config_.hidden_size);
  backend_.embed(embeddings(), batch.tokens, {}, hidden);
  if (observer != nullptr) observer->on_hidden(0, hidden);
  for (int i = 0; i < config_.num_layers; ++i) {
    const Layer& layer = layers_[static_cast<std::size_t>(i)];
    const Result<> attended = attend(layer, batch, kv.layer(i), group);
    if (!attended) return attended.error();
    const Result<> mixed = mix_experts(layer, i, batch.num_rows, group, observer);
    if (!mixed) return mixed.error();
    if (observer != nullptr) observer->on_hidden(i + 1, hidden);
  }
  return hidden;
}

Result<> LladaMoe::attend(const Layer& layer, const Batch& batch, kernels::KvLayer kv,
                          Group& group) {
  const int num_rows = batch.num_rows;
  const Tensor hidden = tensor(hidden_, num_rows, config_.hidden_size);
  if (!layer.qkv) return group.add_parts(hidden, tensor(zeros_, num_rows, config_.hidden_size));

  const Tensor normal = tensor(normal_, num_rows, config_.hidden_size);
  const Tensor qkv = tensor(qkv_, num_rows, split_.qkv_width());
  const Tensor attended = tensor(attended_, num_rows, split_.q_width());
  const Tensor part = tensor(part_, num_rows, config_.hidden_size);
  kernels::AttentionPlan plan = batch.attention;
  plan.kv_head_of_head = data_of<const std::int32_t>(kv_head_of_head_);

  backend_.rms_norm(hidden, data_of<float>(layer.input_norm), config_.rms_norm_eps, normal);
  backend_.linear(normal, *layer.qkv, qkv);
  backend_.qk_norm_rope_kv_write(qkv, split_.shape(), data_of<float>(layer.q_norm),
                                 data_of<float>(layer.k_norm), config_.rms_norm_eps, rope_.view(),
                                 batch.positions, batch.slots, kv);
  backend_.attention(qkv, split_.shape(), kv, plan, attended);
  backend_.linear(attended, *layer.o, part);
  return group.add_parts(hidden, part);
}

Result<> LladaMoe::mix_experts(const Layer& layer, int index, int num_rows, Group& group,
                               ForwardObserver* observer) {
  const int top_k = config_.num_experts_per_token;
  const Tensor hidden = tensor(hidden_, num_rows, config_.hidden_size);
  const Tensor normal = tensor(normal_, num_rows, config_.hidden_size);
  const Tensor part = tensor(part_, num_rows, config_.hidden_size);
  auto* ids = data_of<std::int32_t>(expert_ids_);
  auto* weights = data_of<float>(expert_weights_);
  kernels::Routing routing;
  routing.top_k = top_k;
  routing.renormalize = config_.renormalize_topk;

  backend_.rms_norm(hidden, data_of<float>(layer.post_attention_norm), config_.rms_norm_eps,
                    normal);
  backend_.route_topk(normal, data_of<float>(layer.router), config_.num_experts, routing, ids,
                      weights);
  if (observer != nullptr) observer->on_routing(index, ids, weights, num_rows, top_k);
  backend_.experts(normal, *layer.experts, experts_.begin, top_k, ids, weights, part);
  return group.add_parts(hidden, part);
}

}  // namespace unmask
