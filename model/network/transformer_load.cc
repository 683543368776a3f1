/// How a Transformer gets its weights; its forward pass is in transformer.cc.

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "model/network/transformer.h"
#include "model/network/weight_inventory.h"
#include "runtime/base/check.h"

namespace unmask::network {

using kernels::DType;

namespace {

std::unique_ptr<kernels::Buffer> allocate(kernels::Backend& backend, int rows, int cols,
                                          DType dtype) {
  return backend.allocate(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) *
                          kernels::size_of(dtype));
}

}  // namespace

Transformer::Transformer(WeightLoader& loader, const Placement& placement, int max_rows,
                         int max_positions)
    : backend_(loader.backend()),
      config_(loader.checkpoint().config()),
      names_(tensor_names(config_.architecture)),
      placement_(placement),
      split_(split_heads(config_, placement)),
      experts_(placement.slice(config_.num_experts)),
      mlp_slices_(placement.slice(kernels::kNumShares)),
      dtype_(loader.dtype()),
      rows_dtype_(backend_.activation_dtype()),
      operand_dtype_(backend_.operand_dtype(dtype_)),
      rope_(backend_, config_.rope_theta, config_.rotary_dim, max_positions) {
  const std::vector<std::int32_t> kv_heads = kv_head_of_head(config_, split_);
  if (!kv_heads.empty()) {
    kv_head_of_head_ = backend_.allocate(kv_heads.size() * sizeof(std::int32_t));
    backend_.upload(kv_head_of_head_->data(), kv_heads.data(),
                    kv_heads.size() * sizeof(std::int32_t));
    backend_.synchronize();
    qkv_ = allocate(backend_, max_rows, split_.qkv_width(), rows_dtype_);
    attended_ = allocate(backend_, max_rows, split_.q_width(), rows_dtype_);
  } else {
    zeros_ = allocate(backend_, max_rows, config_.hidden_size, rows_dtype_);
  }
  hidden_ = allocate(backend_, max_rows, config_.hidden_size, rows_dtype_);
  normal_ = allocate(backend_, max_rows, config_.hidden_size, rows_dtype_);
  part_ = allocate(backend_, max_rows, config_.hidden_size, rows_dtype_);
  expert_ids_ = allocate(backend_, max_rows, config_.num_experts_per_token, DType::kF32);
  expert_weights_ = allocate(backend_, max_rows, config_.num_experts_per_token, DType::kF32);
  if (config_.num_dense_layers > 0 || config_.shared_expert_intermediate_size > 0) {
    choose_all_slices(max_rows);
  }
}

void Transformer::choose_all_slices(int max_rows) {
  std::vector<std::int32_t> ids;
  for (int row = 0; row < max_rows; ++row) {
    for (std::int32_t slice = 0; slice < kernels::kNumShares; ++slice) ids.push_back(slice);
  }
  const std::vector<float> weights(ids.size(), 1.0f);
  slice_ids_ = allocate(backend_, max_rows, kernels::kNumShares, DType::kF32);
  slice_weights_ = allocate(backend_, max_rows, kernels::kNumShares, DType::kF32);
  backend_.upload(slice_ids_->data(), ids.data(), ids.size() * sizeof(std::int32_t));
  backend_.upload(slice_weights_->data(), weights.data(), weights.size() * sizeof(float));
  backend_.synchronize();
}

Result<std::unique_ptr<Transformer>> Transformer::load(WeightLoader& loader,
                                                       const Placement& placement, int max_rows,
                                                       int max_positions) {
  const checkpoint::ModelConfig& config = loader.checkpoint().config();
  const std::string model = loader.checkpoint().dir().string();
  const bool has_shared_expert = config.shared_expert_intermediate_size > 0;
  if (has_shared_expert && tensor_names(config.architecture).shared_experts.empty()) {
    return Error{ErrorCode::kInvalidArgument, model + ": a shared expert is not known of " +
                                                  std::string(name_of(config.architecture)) +
                                                  " models"};
  }
  if (config.vocab_size < placement.num_ranks) {
    return Error{ErrorCode::kInvalidArgument, model + ": " + std::to_string(placement.num_ranks) +
                                                  " workers cannot share " +
                                                  std::to_string(config.vocab_size) + " tokens"};
  }
  std::unique_ptr<Transformer> network(new Transformer(loader, placement, max_rows, max_positions));
  network->load_embeddings(loader);
  for (int i = 0; i < config.num_layers && !loader.error(); ++i) {
    network->layers_.push_back(network->load_layer(loader, i));
  }
  network->load_head(loader, max_rows);
  if (loader.error()) return *loader.error();
  // Whoever asks what of a checkpoint is used gets the truth.
  UNMASK_CHECK(std::ranges::includes(weight_names(config), loader.names()));
  UNMASK_CHECK(placement.num_ranks > 1 || loader.names() == weight_names(config));
  return network;
}

void Transformer::load_embeddings(WeightLoader& loader) {
  embeddings_ = loader.table({.name = names_.embeddings,
                              .rows = config_.vocab_size,
                              .cols = config_.hidden_size,
                              .row_slice = {},
                              .col_slice = {}},
                             dtype_);
}

Transformer::Layer Transformer::load_layer(WeightLoader& loader, int index) {
  const std::string prefix = names_.layer_prefix + std::to_string(index) + ".";
  Layer layer;
  layer.input_norm = loader.vector(prefix + names_.input_norm, config_.hidden_size);
  layer.post_attention_norm =
      loader.vector(prefix + names_.post_attention_norm, config_.hidden_size);
  load_attention(loader, prefix, layer);
  if (index < config_.num_dense_layers) {
    load_mlp(loader, {prefix + names_.gate, prefix + names_.up, prefix + names_.down},
             config_.intermediate_size, layer);
    return layer;
  }
  load_experts(loader, prefix, layer);
  if (config_.shared_expert_intermediate_size > 0) {
    const std::string shared = prefix + names_.shared_experts;
    load_mlp(loader,
             {shared + names_.expert_gate, shared + names_.expert_up, shared + names_.expert_down},
             config_.shared_expert_intermediate_size, layer);
  }
  return layer;
}

void Transformer::load_attention(WeightLoader& loader, const std::string& prefix, Layer& layer) {
  if (split_.heads.size() == 0) return;
  const int dim = config_.head_dim;
  // Stacked in one tensor, keys stand behind all queries, and values behind all keys.
  const bool is_stacked = names_.q == names_.k;
  const int first_k = is_stacked ? config_.num_heads : 0;
  const int first_v = is_stacked ? first_k + config_.num_kv_heads : 0;
  const auto rows_of = [&](const std::string& name, int num_heads, Slice heads, int first_head) {
    const int total = is_stacked ? config_.num_heads + 2 * config_.num_kv_heads : num_heads;
    return MatrixPart{
        .name = prefix + name,
        .rows = std::int64_t(total) * dim,
        .cols = config_.hidden_size,
        .row_slice = Slice{(first_head + heads.begin) * dim, (first_head + heads.end) * dim},
        .col_slice = {}};
  };
  const std::array<MatrixPart, 3> qkv = {
      rows_of(names_.q, config_.num_heads, split_.heads, 0),
      rows_of(names_.k, config_.num_kv_heads, split_.kv_heads, first_k),
      rows_of(names_.v, config_.num_kv_heads, split_.kv_heads, first_v)};
  layer.qkv = loader.matrix(qkv, Placement::whole(config_.hidden_size));

  const MatrixPart o{.name = prefix + names_.o,
                     .rows = config_.hidden_size,
                     .cols = std::int64_t(config_.num_heads) * dim,
                     .row_slice = {},
                     .col_slice = Slice{split_.heads.begin * dim, split_.heads.end * dim}};
  layer.o = loader.matrix({&o, 1}, o_inputs(config_, placement_));

  if (!config_.has_qk_norm) return;
  layer.q_norm = loader.vector(prefix + names_.q_norm, dim);
  layer.k_norm = loader.vector(prefix + names_.k_norm, dim);
}

void Transformer::load_experts(WeightLoader& loader, const std::string& prefix, Layer& layer) {
  const int hidden = config_.hidden_size;
  const int width = config_.expert_intermediate_size;
  layer.router = loader.table({.name = prefix + names_.router,
                               .rows = config_.num_experts,
                               .cols = hidden,
                               .row_slice = {},
                               .col_slice = {}},
                              DType::kF32);
  if (config_.has_expert_bias) {
    layer.expert_bias = loader.vector(prefix + names_.expert_bias, config_.num_experts);
  }
  std::vector<ExpertParts> experts;
  for (int i = experts_.begin; i < experts_.end; ++i) {
    const auto part = [&](const std::string& name, int rows, int cols) {
      return MatrixPart{.name = prefix + names_.experts + std::to_string(i) + "." + name,
                        .rows = rows,
                        .cols = cols,
                        .row_slice = {},
                        .col_slice = {}};
    };
    experts.push_back({.gate = part(names_.expert_gate, width, hidden),
                       .up = part(names_.expert_up, width, hidden),
                       .down = part(names_.expert_down, hidden, width)});
  }
  layer.experts = loader.experts(experts, placement_.shares(config_.num_experts));
}

void Transformer::load_mlp(WeightLoader& loader, const MlpNames& names, int width, Layer& layer) {
  const int hidden = config_.hidden_size;
  const auto border = [&](int share) {
    return int(std::int64_t(share) * width / kernels::kNumShares);
  };
  std::vector<ExpertParts> slices;
  for (int i = mlp_slices_.begin; i < mlp_slices_.end; ++i) {
    const Slice columns{border(i), border(i + 1)};
    const auto rows_of = [&](const std::string& name) {
      return MatrixPart{
          .name = name, .rows = width, .cols = hidden, .row_slice = columns, .col_slice = {}};
    };
    slices.push_back({.gate = rows_of(names.gate),
                      .up = rows_of(names.up),
                      .down = {.name = names.down,
                               .rows = hidden,
                               .cols = width,
                               .row_slice = {},
                               .col_slice = columns}});
  }
  layer.mlp = loader.mlp(slices, placement_.shares(kernels::kNumShares));
}

void Transformer::load_head(WeightLoader& loader, int max_rows) {
  auto norm = loader.vector(names_.final_norm, config_.hidden_size);
  const MatrixPart rows{.name = config_.has_tied_embeddings ? names_.embeddings : names_.head,
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

}  // namespace unmask::network
