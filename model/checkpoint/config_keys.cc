#include "model/checkpoint/config_keys.h"

#include <boost/json/array.hpp>

namespace unmask::checkpoint {
namespace {

/// Of any network.
std::vector<ConfigSwitch> common_switches() {
  return {
      {"add_cross_attention", {false}}, {"clip_qkv", {}},
      {"compression_config", {}},       {"is_encoder_decoder", {false}},
      {"quantization_config", {}},      {"rope_interleave", {false}},
      {"rope_interleaved", {false}},    {"rope_type", {"default"}},
      {"rotary_interleaved", {false}},  {"tie_encoder_decoder", {false}},
  };
}

constexpr std::string_view kCommonHarmless[] = {
    // The file, and who wrote it.
    "auto_map",
    "dtype",
    "model_type",
    "name_or_path",
    "tokenizer_class",
    "torch_dtype",
    "transformers_version",
    "unsloth_version",
    // What a library shall return, or how it computes the same.
    "attn_implementation",
    "chunk_size_feed_forward",
    "gradient_checkpointing",
    "id2label",
    "label2id",
    "output_attentions",
    "output_hidden_states",
    "pretraining_tp",
    "problem_type",
    "return_dict",
    "torchscript",
    "use_cache",
    "use_return_dict",
    // Training.
    "attention_dropout",
    "embedding_dropout",
    "hidden_dropout",
    "hidden_dropout_prob",
    "initializer_range",
    "residual_dropout",
    "resid_pdrop",
    "embd_pdrop",
    // Tokens that a forward pass does not know of.
    "bos_token_id",
    "decoder_start_token_id",
    "sep_token_id",
    // Of generation: the job says these.
    "do_sample",
    "max_length",
    "min_length",
    "num_beams",
    "num_return_sequences",
    "repetition_penalty",
    "temperature",
    "top_k",
    "top_p",
};

std::vector<ConfigSwitch> llada_switches() {
  return {
      {"activation_type", {"silu"}},      {"alibi", {false}},
      {"attention_bias", {false}},        {"attention_layer_norm", {false}},
      {"bias_for_layer_norm", {false}},   {"block_group_size", {1}},
      {"block_type", {"llama"}},          {"hidden_act", {"silu"}},
      {"include_bias", {false}},          {"include_qkv_bias", {false}},
      {"input_emb_norm", {false}},        {"layer_norm_type", {"rms"}},
      {"layer_norm_with_affine", {true}}, {"mlp_bias", {false}},
      {"partial_rotary_factor", {1}},     {"rope", {true}},
      {"scale_logits", {false}},
  };
}

constexpr std::string_view kLladaHarmless[] = {
    "alibi_bias_max",                    // without alibi
    "attention_layer_norm_with_affine",  // without attention_layer_norm
    "flash_attention",
    "init_cutoff_factor",
    "init_device",
    "init_fn",
    "init_std",
    "mlp_ratio",  // mlp_hidden_size says it
    "precision",
    "rope_full_precision",
};

std::vector<ConfigSwitch> llada_moe_switches() {
  return {
      {"attention_bias", {false}},
      {"hidden_act", {"silu"}},
      {"mlp_bias", {false}},
      {"moe_router_enable_expert_bias", {false}},
      {"moe_router_score_function", {"softmax"}},
      {"routed_scaling_factor", {1}},
      {"router_num_group", {1}},
      {"router_topk_group", {1}},
      {"use_bias", {false}},
      {"use_qkv_bias", {false}},
  };
}

constexpr std::string_view kLladaMoeHarmless[] = {
    "dense_intermediate_size",  // every layer has experts: moe_layer_freq
    "output_router_logits",
    "router_aux_loss_coef",
};

std::vector<ConfigSwitch> llada2_switches() {
  return {
      {"attention_bias", {false}},
      {"hidden_act", {"silu"}},
      {"mlp_bias", {false}},
      {"moe_router_score_function", {"sigmoid"}},
      {"norm_head", {false}},
      {"norm_softmax", {false}},
      {"norm_topk_prob", {true}},
      {"num_nextn_predict_layers", {0}},
      {"router_dtype", {"fp32", "float32"}},
      {"score_function", {"sigmoid"}},
      {"use_bias", {false}},
      {"use_qkv_bias", {false}},
      {"use_rmsnorm", {true}},
      {"using_split_qkv_in_self_attention", {false}},
  };
}

constexpr std::string_view kLlada2Harmless[] = {
    "mtp_loss_scaling_factor",
    "output_dropout",
    "output_router_logits",
    "router_aux_loss_coef",
};

template <typename T>
std::vector<T> joined(std::span<const T> a, std::span<const T> b) {
  std::vector<T> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

}  // namespace

std::vector<ConfigSwitch> config_switches(Architecture architecture) {
  switch (architecture) {
    case Architecture::kLlada:
      return joined<ConfigSwitch>(common_switches(), llada_switches());
    case Architecture::kLladaMoe:
      return joined<ConfigSwitch>(common_switches(), llada_moe_switches());
    case Architecture::kLlada2Moe:
      return joined<ConfigSwitch>(common_switches(), llada2_switches());
  }
  return {};
}

std::vector<std::string_view> harmless_keys(Architecture architecture) {
  switch (architecture) {
    case Architecture::kLlada:
      return joined<std::string_view>(kCommonHarmless, kLladaHarmless);
    case Architecture::kLladaMoe:
      return joined<std::string_view>(kCommonHarmless, kLladaMoeHarmless);
    case Architecture::kLlada2Moe:
      return joined<std::string_view>(kCommonHarmless, kLlada2Harmless);
  }
  return {};
}

}  // namespace unmask::checkpoint
