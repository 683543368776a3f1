#include "model/checkpoint/model_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "model/checkpoint/config_keys.h"
#include "model/checkpoint/config_reader.h"
#include "model/checkpoint/json.h"
#include "model/checkpoint/rope_config.h"
#include "runtime/base/listed.h"

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

/// theta is of weight: a checkpoint that does not say it may mean another one.
void take_rope(ConfigReader& reader, double theta, ModelConfig& config) {
  const RopeConfig rope = read_rope(reader);
  if (!rope.theta) {
    reader.warn("rope_theta is missing; " + printable(json::value(theta)) + " is used");
  }
  config.rope_theta = rope.theta.value_or(theta);
  config.rotary_dim = rope.partial_factor
                          ? static_cast<int>(config.head_dim * *rope.partial_factor)
                          : reader.count_or("rotary_dim", 1, kMaxWidth, config.head_dim);
  reader.require_same("rotary_dim", config.rotary_dim);
}

/// Sliding windows, which are not computed: their widths matter only where they are on.
void refuse_windows(ConfigReader& reader, bool is_on_by_width) {
  const bool is_off = reader.find("use_sliding_window") != nullptr || !is_on_by_width;
  reader.require({"use_sliding_window", {false}});
  if (!is_off) reader.require({"sliding_window", {}});
  constexpr std::string_view kWidths[] = {"sliding_window", "max_window_layers"};
  reader.pass_over(kWidths);
  const json::value* types = reader.find("layer_types");
  if (types == nullptr) return;
  const auto is_full = [](const json::value& type) {
    return type == json::value("full_attention");
  };
  if (!types->is_array() || !std::ranges::all_of(types->get_array(), is_full)) {
    reader.fail_unsupported("layer_types", *types, "full_attention for every layer");
  }
}

/// Whether each layer has experts: dense layers in between are not computed.
void require_experts_everywhere(ConfigReader& reader, int num_layers) {
  const json::value* layers = reader.find("moe_layer_freq");
  if (layers == nullptr || *layers == json::value(1)) return;
  const auto is_one = [](const json::value& layer) { return layer == json::value(1); };
  const bool is_list = layers->is_array() && layers->get_array().size() == std::size_t(num_layers);
  if (!is_list || !std::ranges::all_of(layers->get_array(), is_one)) {
    reader.fail_unsupported("moe_layer_freq", *layers, "1 for every layer");
  }
}

/// hidden_size / num_heads, unless the config states another one that the query weights confirm.
int read_head_dim(ConfigReader& reader, const ModelConfig& config, const StoredTensors& tensors) {
  const int even_share = config.hidden_size / config.num_heads;
  const int stated = reader.count_or("head_dim", 1, kMaxWidth, even_share);
  const auto query = tensors.find("model.layers.0.self_attn.q_proj.weight");
  const bool is_denied = query != tensors.end() && query->second.shape.size() == 2 &&
                         query->second.shape[0] != std::int64_t(stated) * config.num_heads;
  if (!is_denied || stated == even_share) return stated;
  reader.warn("head_dim is " + std::to_string(stated) + ", but the query weights say " +
              std::to_string(even_share) + ", which is used");
  return even_share;
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
}

void read_llada_moe(ConfigReader& reader, const StoredTensors& tensors, ModelConfig& config) {
  read_moe(reader, tensors, config);
  take_rope(reader, 50000.0, config);
  config.rms_norm_eps = static_cast<float>(reader.positive_or_warn("rms_norm_eps", 1.0, 1e-5));
  config.has_qk_norm =
      reader.flag_or("qk_layernorm", tensors.contains("model.layers.0.self_attn.q_norm.weight"));
  config.expert_intermediate_size = reader.count("expert_intermediate_size", 1, kMaxWidth);
  config.shared_expert_intermediate_size =
      reader.count_or("shared_expert_intermediate_size", 1, kMaxWidth, 0);
  config.renormalize_topk = reader.flag_or("norm_topk_prob", false);
  require_experts_everywhere(reader, config.num_layers);
  refuse_windows(reader, true);
}

bool has_tensor_ending(const StoredTensors& tensors, std::string_view ending) {
  return std::ranges::any_of(
      tensors, [&](const auto& named) { return std::string_view(named.first).ends_with(ending); });
}

void read_llada2_moe(ConfigReader& reader, const StoredTensors& tensors, ModelConfig& config) {
  read_moe(reader, tensors, config);
  take_rope(reader, 600000.0, config);
  config.rms_norm_eps = static_cast<float>(reader.positive_or_warn("rms_norm_eps", 1.0, 1e-6));
  config.has_qk_norm = reader.flag_or(
      "use_qk_norm", tensors.contains("model.layers.0.attention.query_layernorm.weight"));
  config.intermediate_size = reader.count("intermediate_size", 1, kMaxWidth);
  config.num_dense_layers = reader.count_or("first_k_dense_replace", 0, kMaxLayers, 0);
  config.expert_intermediate_size = reader.count("moe_intermediate_size", 1, kMaxWidth);
  config.shared_expert_intermediate_size =
      config.expert_intermediate_size * reader.count_or("num_shared_experts", 0, 64, 0);
  reader.require_same("moe_shared_expert_intermediate_size",
                      config.shared_expert_intermediate_size);
  config.is_block_causal = true;
  // The reference always does these: norm_topk_prob and score_function have one value.
  config.renormalize_topk = true;
  config.has_sigmoid_router = true;
  config.has_expert_bias = reader.flag_or("moe_router_enable_expert_bias",
                                          has_tensor_ending(tensors, ".mlp.gate.expert_bias"));
  config.routed_scaling = static_cast<float>(reader.positive_or("routed_scaling_factor", 1e6, 1.0));
  config.num_expert_groups = reader.count_or("n_group", 1, kMaxExperts, 1);
  config.num_top_groups = reader.count_or("topk_group", 1, kMaxExperts, 1);
  refuse_windows(reader, false);  // their width is in every file
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
  if (has_one_kv_head) reader.require_same("n_kv_heads", 1);
  config.head_dim = config.hidden_size / config.num_heads;
  config.intermediate_size = reader.count("mlp_hidden_size", 1, kMaxWidth);
  config.max_positions = reader.count_or("max_sequence_length", 1, kMaxPositions, 4096);
  take_rope(reader, 500000.0, config);
  if (config.rotary_dim != config.head_dim) {
    reader.fail("RoPE of a part of a head's dimensions is not supported in a dense LLaDA");
  }
  config.rms_norm_eps = static_cast<float>(reader.positive_or_warn("rms_norm_eps", 1.0, 1e-5));
  config.has_tied_embeddings = reader.flag_or("weight_tying", false);
  reader.require({"tie_word_embeddings", {config.has_tied_embeddings}});
  refuse_windows(reader, true);
  // What other libraries call the same.
  reader.require_same("hidden_size", config.hidden_size);
  reader.require_same("num_hidden_layers", config.num_layers);
  reader.require_same("num_attention_heads", config.num_heads);
  reader.require_same("num_key_value_heads", config.num_kv_heads);
  reader.require_same("head_dim", config.head_dim);
  reader.require_same("intermediate_size", config.intermediate_size);
  reader.require_same("max_position_embeddings", config.max_positions);
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
  for (const ConfigSwitch& only : config_switches(config.architecture)) reader.require(only);
  reader.pass_over(harmless_keys(config.architecture));
  check(reader, config);
  if (reader.error()) return *reader.error();
  if (const std::vector<std::string> unread = reader.unread(); !unread.empty()) {
    reader.warn("not known, and not used: " + listed(unread));
  }
  config.warnings = reader.warnings();
  return config;
}

}  // namespace unmask::checkpoint
