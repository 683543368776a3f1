#pragma once

#include "model/checkpoint/model_config.h"

namespace unmask::bench {

/// LLaDA-MoE-7B-A1B, as far as its speed goes.
inline checkpoint::ModelConfig llada_moe_7b() {
  checkpoint::ModelConfig config;
  config.vocab_size = 157184;
  config.hidden_size = 2048;
  config.num_layers = 16;
  config.num_heads = 16;
  config.num_kv_heads = 16;
  config.head_dim = 128;
  config.max_positions = 8192;
  config.rms_norm_eps = 1e-5f;
  config.rope_theta = 50000;
  config.rotary_dim = 128;
  config.has_qk_norm = true;
  config.num_experts = 64;
  config.num_experts_per_token = 8;
  config.expert_intermediate_size = 1024;
  return config;
}

}  // namespace unmask::bench
