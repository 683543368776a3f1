#include "model/checkpoint/model_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "model/checkpoint/config_reader.h"
#include "model/checkpoint/json.h"

namespace unmask::checkpoint {
namespace {

namespace json = boost::json;

// Wider than any model that is known, narrow enough that products of two fit 63 bits.
constexpr int kMaxVocabSize = 1 << 22;
constexpr int kMaxWidth = 1 << 20;
constexpr int kMaxLayers = 1024;
constexpr int kMaxHeads = 4096;
constexpr std::int64_t kMaxHeadsWidth = 1 << 22;  // of all heads together
constexpr int kMaxExperts = 4096;
constexpr int kMaxPositions = 1 << 24;
constexpr double kMaxTheta = 1e15;

struct ArchitectureTraits {
  Architecture architecture;
  std::string_view name;        // for people
  std::string_view class_name;  // in `architectures`
  std::string_view tensor;      // that only this architecture has
};

constexpr std::array<ArchitectureTraits, 3> kArchitectures = {{
    {Architecture::kLlada, "LLaDA", "LLaDAModelLM", "model.transformer.wte.weight"},
    {Architecture::kLlada2Moe, "LLaDA2-MoE", "LLaDA2MoeModelLM", "model.word_embeddings.weight"},
    {Architecture::kLladaMoe, "LLaDA-MoE", "LLaDAMoEModelLM",
     "model.layers.0.mlp.experts.0.gate_proj.weight"},
}};

/// Told by `architectures`; model_type would not do: LLaDA and LLaDA-MoE share it.
Architecture read_architecture(ConfigReader& reader, const StoredTensors& tensors) {
  const json::value* names = reader.find("architectures");
  const bool is_told = names != nullptr && !(names->is_array() && names->get_array().empty());
  for (const ArchitectureTraits& traits : kArchitectures) {
    if (!is_told) {
      if (tensors.contains(traits.tensor)) return traits.architecture;
    } else if (names->is_array()) {
      const json::value name(json::string_view(traits.class_name.data(), traits.class_name.size()));
      if (std::ranges::find(names->get_array(), name) != names->get_array().end()) {
        return traits.architecture;
      }
    }
  }
  if (is_told) {
    reader.fail("unknown architecture " + printable(*names) +
                "; known are LLaDAModelLM, LLaDAMoEModelLM and LLaDA2MoeModelLM");
  } else {
    reader.fail("architectures is missing, and the tensors' names do not tell the architecture");
  }
  return Architecture::kLladaMoe;
}

/// hidden_size / num_heads, unless the config states another one that the query weights confirm.
int read_head_dim(ConfigReader& reader, const ModelConfig& config, const StoredTensors& tensors) {
  const int even_share = config.hidden_size / config.num_heads;
  const int stated = reader.count_or("head_dim", 1, kMaxWidth, even_share);
  const auto query = tensors.find("model.layers.0.self_attn.q_proj.weight");
  const bool is_denied = query != tensors.end() && query->second.shape.size() == 2 &&
                         query->second.shape[0] != std::int64_t(stated) * config.num_heads;
  return is_denied ? even_share : stated;
}

/// What LLaDA-MoE and LLaDA2-MoE call alike.
void read_moe(ConfigReader& reader, const StoredTensors& tensors, ModelConfig& config) {
  config.vocab_size = reader.count("vocab_size", 1, kMaxVocabSize);
  config.hidden_size = reader.count("hidden_size", 1, kMaxWidth);
  config.num_layers = reader.count("num_hidden_layers", 1, kMaxLayers);
  config.num_heads = reader.count("num_attention_heads", 1, kMaxHeads);
  config.num_kv_heads = reader.count_or("num_key_value_heads", 1, kMaxHeads, config.num_heads);
  config.head_dim = read_head_dim(reader, config, tensors);
  config.max_positions = reader.count_or("max_position_embeddings", 1, kMaxPositions, 4096);
  config.num_experts = reader.count("num_experts", 1, kMaxExperts);
  config.num_experts_per_token = reader.count("num_experts_per_tok", 1, kMaxExperts);
  config.has_tied_embeddings =
      reader.flag_or("tie_word_embeddings", !tensors.contains("lm_head.weight"));
  const double factor = reader.positive_or("partial_rotary_factor", 1.0, 1.0);
  config.rotary_dim = static_cast<int>(config.head_dim * factor);
  reader.require("hidden_act", "silu");
  reader.require("rope_scaling", nullptr);
}

void read_llada_moe(ConfigReader& reader, const StoredTensors& tensors, ModelConfig& config) {
  read_moe(reader, tensors, config);
  config.rope_theta = reader.positive_or("rope_theta", kMaxTheta, 50000.0);
  config.rms_norm_eps = static_cast<float>(reader.positive_or("rms_norm_eps", 1.0, 1e-5));
  config.has_qk_norm =
      reader.flag_or("qk_layernorm", tensors.contains("model.layers.0.self_attn.q_norm.weight"));
  config.expert_intermediate_size = reader.count("expert_intermediate_size", 1, kMaxWidth);
  config.shared_expert_intermediate_size =
      reader.count_or("shared_expert_intermediate_size", 1, kMaxWidth, 0);
  config.renormalize_topk = reader.flag_or("norm_topk_prob", false);

  reader.require("attention_bias", false);
  reader.require("clip_qkv", nullptr);
  reader.require("moe_router_enable_expert_bias", false);
  reader.require("moe_router_score_function", "softmax");
  reader.require("routed_scaling_factor", 1);
  reader.require("router_num_group", nullptr);
  reader.require("router_topk_group", nullptr);
}

bool has_tensor_ending(const StoredTensors& tensors, std::string_view ending) {
  return std::ranges::any_of(
      tensors, [&](const auto& named) { return std::string_view(named.first).ends_with(ending); });
}

void read_llada2_moe(ConfigReader& reader, const StoredTensors& tensors, ModelConfig& config) {
  read_moe(reader, tensors, config);
  config.rope_theta = reader.positive_or("rope_theta", kMaxTheta, 600000.0);
  config.rms_norm_eps = static_cast<float>(reader.positive_or("rms_norm_eps", 1.0, 1e-6));
  config.has_qk_norm = tensors.contains("model.layers.0.attention.query_layernorm.weight");
  config.intermediate_size = reader.count("intermediate_size", 1, kMaxWidth);
  config.num_dense_layers = reader.count_or("first_k_dense_replace", 0, kMaxLayers, 0);
  config.expert_intermediate_size = reader.count("moe_intermediate_size", 1, kMaxWidth);
  config.shared_expert_intermediate_size =
      config.expert_intermediate_size * reader.count_or("num_shared_experts", 0, 64, 0);
  config.is_block_causal = true;
  // The reference reads no flag for these, nor rotary_dim: it always does them.
  config.renormalize_topk = true;
  config.has_sigmoid_router = true;
  config.has_expert_bias = has_tensor_ending(tensors, ".mlp.gate.expert_bias");
  config.routed_scaling = static_cast<float>(reader.positive_or("routed_scaling_factor", 1e6, 1.0));
  config.num_expert_groups = reader.count_or("n_group", 1, kMaxExperts, 1);
  config.num_top_groups = reader.count_or("topk_group", 1, kMaxExperts, 1);
}

void read_llada(ConfigReader& reader, ModelConfig& config) {
  config.vocab_size = reader.count("vocab_size", 1, kMaxVocabSize);
  config.vocab_size = reader.count_or("embedding_size", 1, kMaxVocabSize, config.vocab_size);
  config.hidden_size = reader.count("d_model", 1, kMaxWidth);
  config.num_layers = reader.count("n_layers", 1, kMaxLayers);
  config.num_dense_layers = config.num_layers;
  config.num_heads = reader.count("n_heads", 1, kMaxHeads);
  const bool has_one_kv_head = reader.flag_or("multi_query_attention", false);
  config.num_kv_heads =
      reader.count_or("n_kv_heads", 1, kMaxHeads, has_one_kv_head ? 1 : config.num_heads);
  config.head_dim = config.hidden_size / config.num_heads;
  config.rotary_dim = config.head_dim;
  config.intermediate_size = reader.count("mlp_hidden_size", 1, kMaxWidth);
  config.max_positions = reader.count_or("max_sequence_length", 1, kMaxPositions, 4096);
  config.rope_theta = reader.positive_or("rope_theta", kMaxTheta, 500000.0);
  config.rms_norm_eps = static_cast<float>(reader.positive_or("rms_norm_eps", 1.0, 1e-5));
  config.has_tied_embeddings = reader.flag_or("weight_tying", false);
}

void check(ConfigReader& reader, const ModelConfig& config) {
  const auto needs = [&](bool holds, const char* what) {
    if (!holds) reader.fail(what);
  };
  needs(config.num_heads % config.num_kv_heads == 0,
        "the number of key-value heads does not divide the number of query heads");
  needs(config.head_dim > 0, "the heads have no dimension");
  needs(std::int64_t(config.num_heads) * config.head_dim <= kMaxHeadsWidth,
        "the heads together have more than 4194304 dimensions");
  needs(config.rotary_dim > 0 && config.rotary_dim <= config.head_dim && config.rotary_dim % 2 == 0,
        "RoPE needs an even number of dimensions, at most the head's");
  needs(config.num_experts_per_token <= config.num_experts,
        "num_experts_per_tok is larger than num_experts");
  needs(config.num_experts % config.num_expert_groups == 0 &&
            config.num_top_groups <= config.num_expert_groups,
        "n_group does not divide num_experts, or topk_group is larger than n_group");
  needs(config.num_experts == 0 || config.num_experts_per_token <= config.num_experts /
                                                                       config.num_expert_groups *
                                                                       config.num_top_groups,
        "the groups of topk_group have fewer experts than num_experts_per_tok");
  needs(config.num_dense_layers <= config.num_layers,
        "first_k_dense_replace is larger than num_hidden_layers");
}

}  // namespace

std::string_view name_of(Architecture architecture) {
  const auto traits =
      std::ranges::find(kArchitectures, architecture, &ArchitectureTraits::architecture);
  return traits->name;
}

Result<ModelConfig> parse_model_config(std::string_view text, const std::string& file,
                                       const StoredTensors& tensors) {
  const auto object = parse_json_object(text, file);
  if (!object) return object.error();
  ConfigReader reader(*object, file);

  ModelConfig config;
  config.architecture = read_architecture(reader, tensors);
  if (reader.error()) return *reader.error();
  switch (config.architecture) {
    case Architecture::kLlada:
      read_llada(reader, config);
      break;
    case Architecture::kLladaMoe:
      read_llada_moe(reader, tensors, config);
      break;
    case Architecture::kLlada2Moe:
      read_llada2_moe(reader, tensors, config);
      break;
  }
  config.mask_id = reader.token("mask_token_id", config.vocab_size);
  config.eos_id = reader.token("eos_token_id", config.vocab_size);
  config.pad_id = reader.token("pad_token_id", config.vocab_size);
  check(reader, config);
  if (reader.error()) return *reader.error();
  return config;
}

}  // namespace unmask::checkpoint
