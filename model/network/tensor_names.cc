#include "model/network/tensor_names.h"

namespace unmask::network {
namespace {

/// LLaDA-MoE-7B-A1B.
TensorNames llada_moe() {
  return {.embeddings = "model.embed_tokens.weight",
          .final_norm = "model.norm.weight",
          .head = "lm_head.weight",
          .layer_prefix = "model.layers.",
          .input_norm = "input_layernorm.weight",
          .post_attention_norm = "post_attention_layernorm.weight",
          .q = "self_attn.q_proj.weight",
          .k = "self_attn.k_proj.weight",
          .v = "self_attn.v_proj.weight",
          .q_norm = "self_attn.q_norm.weight",
          .k_norm = "self_attn.k_norm.weight",
          .o = "self_attn.o_proj.weight",
          .gate = "mlp.gate_proj.weight",
          .up = "mlp.up_proj.weight",
          .down = "mlp.down_proj.weight",
          .router = "mlp.gate.weight",
          .expert_bias = "",
          .experts = "mlp.experts.",
          .shared_experts = "",
          .expert_gate = "gate_proj.weight",
          .expert_up = "up_proj.weight",
          .expert_down = "down_proj.weight"};
}

/// LLaDA2.0 and LLaDA2.1, mini and flash.
TensorNames llada2_moe() {
  TensorNames names = llada_moe();
  names.embeddings = "model.word_embeddings.weight";
  names.q = names.k = names.v = "attention.query_key_value.weight";
  names.q_norm = "attention.query_layernorm.weight";
  names.k_norm = "attention.key_layernorm.weight";
  names.o = "attention.dense.weight";
  names.expert_bias = "mlp.gate.expert_bias";
  names.shared_experts = "mlp.shared_experts.";
  return names;
}

/// LLaDA-8B and LLaDA-1.5: the names of OLMo.
TensorNames llada() {
  TensorNames names;
  names.embeddings = "model.transformer.wte.weight";
  names.final_norm = "model.transformer.ln_f.weight";
  names.head = "model.transformer.ff_out.weight";
  names.layer_prefix = "model.transformer.blocks.";
  names.input_norm = "attn_norm.weight";
  names.post_attention_norm = "ff_norm.weight";
  names.q = "q_proj.weight";
  names.k = "k_proj.weight";
  names.v = "v_proj.weight";
  names.o = "attn_out.weight";
  names.gate = "ff_proj.weight";
  names.up = "up_proj.weight";
  names.down = "ff_out.weight";
  return names;
}

}  // namespace

TensorNames tensor_names(checkpoint::Architecture architecture) {
  switch (architecture) {
    case checkpoint::Architecture::kLlada:
      return llada();
    case checkpoint::Architecture::kLladaMoe:
      return llada_moe();
    case checkpoint::Architecture::kLlada2Moe:
      return llada2_moe();
  }
  return {};
}

}  // namespace unmask::network
