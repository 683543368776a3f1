#include "model/network/weight_shapes.h"

#include "model/network/tensor_names.h"

namespace unmask::network {
namespace {

using checkpoint::ModelConfig;

/// Collects the tensors of one network.
class ShapeList {
 public:
  explicit ShapeList(const ModelConfig& config)
      : config_(config), names_(tensor_names(config.architecture)) {}

  std::map<std::string, std::vector<std::int64_t>> all() && {
    shapes_[names_.embeddings] = {config_.vocab_size, config_.hidden_size};
    shapes_[names_.final_norm] = {config_.hidden_size};
    if (!config_.has_tied_embeddings) {
      shapes_[names_.head] = {config_.vocab_size, config_.hidden_size};
    }
    for (int i = 0; i < config_.num_layers; ++i) add_layer(i);
    return std::move(shapes_);
  }

 private:
  void add_layer(int index) {
    const std::string prefix = names_.layer_prefix + std::to_string(index) + ".";
    shapes_[prefix + names_.input_norm] = {config_.hidden_size};
    shapes_[prefix + names_.post_attention_norm] = {config_.hidden_size};
    add_attention(prefix);
    if (index < config_.num_dense_layers) {
      add_mlp(prefix + names_.gate, prefix + names_.up, prefix + names_.down,
              config_.intermediate_size);
      return;
    }
    shapes_[prefix + names_.router] = {config_.num_experts, config_.hidden_size};
    if (config_.has_expert_bias) shapes_[prefix + names_.expert_bias] = {config_.num_experts};
    for (int i = 0; i < config_.num_experts; ++i) {
      add_expert(prefix + names_.experts + std::to_string(i) + ".",
                 config_.expert_intermediate_size);
    }
    if (config_.shared_expert_intermediate_size > 0) {
      add_expert(prefix + names_.shared_experts, config_.shared_expert_intermediate_size);
    }
  }

  void add_attention(const std::string& prefix) {
    const std::int64_t q_width = std::int64_t(config_.num_heads) * config_.head_dim;
    const std::int64_t kv_width = std::int64_t(config_.num_kv_heads) * config_.head_dim;
    const bool is_stacked = names_.q == names_.k;
    shapes_[prefix + names_.q] = {is_stacked ? q_width + 2 * kv_width : q_width,
                                  config_.hidden_size};
    if (!is_stacked) {
      shapes_[prefix + names_.k] = {kv_width, config_.hidden_size};
      shapes_[prefix + names_.v] = {kv_width, config_.hidden_size};
    }
    shapes_[prefix + names_.o] = {config_.hidden_size, q_width};
    if (!config_.has_qk_norm) return;
    shapes_[prefix + names_.q_norm] = {config_.head_dim};
    shapes_[prefix + names_.k_norm] = {config_.head_dim};
  }

  void add_expert(const std::string& prefix, int width) {
    add_mlp(prefix + names_.expert_gate, prefix + names_.expert_up, prefix + names_.expert_down,
            width);
  }

  void add_mlp(const std::string& gate, const std::string& up, const std::string& down, int width) {
    shapes_[gate] = {width, config_.hidden_size};
    shapes_[up] = {width, config_.hidden_size};
    shapes_[down] = {config_.hidden_size, width};
  }

  const ModelConfig& config_;
  const TensorNames names_;
  std::map<std::string, std::vector<std::int64_t>> shapes_;
};

}  // namespace

std::map<std::string, std::vector<std::int64_t>> weight_shapes(const ModelConfig& config) {
  return ShapeList(config).all();
}

std::vector<std::string> wrong_weights(const checkpoint::Checkpoint& checkpoint) {
  std::vector<std::string> wrong;
  for (const auto& [name, shape] : weight_shapes(checkpoint.config())) {
    if (shape.size() == 2) {
      const auto matrix = checkpoint.matrix(name, shape[0], shape[1]);
      if (!matrix) wrong.push_back(matrix.error().message);
    } else {
      const auto vector = checkpoint.vector_f32(name, shape[0]);
      if (!vector) wrong.push_back(vector.error().message);
    }
  }
  return wrong;
}

}  // namespace unmask::network
