#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint/safetensors.h"
#include "runtime/base/result.h"

namespace unmask::checkpoint {

enum class Architecture { kLlada, kLladaMoe, kLlada2Moe };

/// As in "LLaDA-MoE".
std::string_view name_of(Architecture architecture);

/// What a network must know of a checkpoint besides its weights. `model_config.cc` alone knows what
/// Hugging Face's files call these things.
struct ModelConfig {
  Architecture architecture = Architecture::kLladaMoe;

  int vocab_size = 0;
  int hidden_size = 0;
  int num_layers = 0;
  int num_heads = 0;     ///< of queries
  int num_kv_heads = 0;  ///< divides num_heads
  int head_dim = 0;
  int intermediate_size = 0;  ///< of the MLPs of dense layers, 0 if there are none
  int max_positions = 0;      ///< prompt and generated tokens together
  /// A position sees its own block of a job's block_length, and those before; else it sees all.
  bool is_block_causal = false;

  float rms_norm_eps = 0.0f;
  double rope_theta = 0.0;
  int rotary_dim = 0;                ///< the first dimensions of a head, which RoPE turns; even
  bool has_qk_norm = false;          ///< RMSNorm of each head's query and key before RoPE
  bool has_tied_embeddings = false;  ///< the LM head is the embedding table

  int num_experts = 0;  ///< 0 in a dense model
  int num_experts_per_token = 0;
  int expert_intermediate_size = 0;
  int shared_expert_intermediate_size = 0;  ///< 0: no shared expert
  int num_dense_layers = 0;                 ///< the first layers, which have no experts
  bool renormalize_topk = false;    ///< the weights of the chosen experts are made to add up to 1
  bool has_sigmoid_router = false;  ///< else softmax
  bool has_expert_bias = false;     ///< added to the scores for the choice only
  float routed_scaling = 1.0f;      ///< of the chosen experts' weights
  int num_expert_groups = 1;        ///< divides num_experts; experts of num_top_groups are chosen
  int num_top_groups = 1;

  std::optional<std::int32_t> mask_id;
  std::optional<std::int32_t> eos_id;
  std::optional<std::int32_t> pad_id;

  /// Sentences for people, each with its file: what is missing, or said and not used.
  std::vector<std::string> warnings;
};

/// The config.json in `text`; `tensors` decide what it leaves open. A key that is null counts as
/// absent. Every key is used, known to change nothing here, or told in the warnings.
///
/// Errors  kInvalidArgument naming `file` and the key, also for a feature that is not supported
Result<ModelConfig> parse_model_config(std::string_view text, const std::string& file,
                                       const StoredTensors& tensors);

}  // namespace unmask::checkpoint
