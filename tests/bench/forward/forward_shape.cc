#include "tests/bench/forward/forward_shape.h"

#include <boost/json.hpp>

namespace unmask::bench {
namespace {

namespace json = boost::json;

struct Size {
  int vocabulary, hidden, layers, heads, width;
  int num_experts = 0, top_k = 0;  // of a mixture
};

std::string moe_config(const Size& size) {
  return json::serialize(json::object{{"architectures", {"LLaDAMoEModelLM"}},
                                      {"model_type", "llada"},
                                      {"vocab_size", size.vocabulary},
                                      {"hidden_size", size.hidden},
                                      {"num_hidden_layers", size.layers},
                                      {"num_attention_heads", size.heads},
                                      {"num_key_value_heads", size.heads},
                                      {"head_dim", size.hidden / size.heads},
                                      {"num_experts", size.num_experts},
                                      {"num_experts_per_tok", size.top_k},
                                      {"expert_intermediate_size", size.width},
                                      {"rms_norm_eps", 1e-5},
                                      {"rope_theta", 50000.0},
                                      {"max_position_embeddings", 8192},
                                      {"qk_layernorm", true},
                                      {"hidden_act", "silu"},
                                      {"tie_word_embeddings", false},
                                      {"norm_topk_prob", false},
                                      {"eos_token_id", 1},
                                      {"mask_token_id", 2}});
}

std::string dense_config(const Size& size) {
  return json::serialize(json::object{{"architectures", {"LLaDAModelLM"}},
                                      {"model_type", "llada"},
                                      {"activation_type", "silu"},
                                      {"block_type", "llama"},
                                      {"d_model", size.hidden},
                                      {"embedding_size", size.vocabulary},
                                      {"vocab_size", size.vocabulary},
                                      {"layer_norm_type", "rms"},
                                      {"max_sequence_length", 4096},
                                      {"mlp_hidden_size", size.width},
                                      {"n_heads", size.heads},
                                      {"n_kv_heads", size.heads},
                                      {"n_layers", size.layers},
                                      {"rms_norm_eps", 1e-5},
                                      {"rope", true},
                                      {"rope_theta", 500000.0},
                                      {"weight_tying", false},
                                      {"include_bias", false},
                                      {"include_qkv_bias", false},
                                      {"eos_token_id", 1},
                                      {"mask_token_id", 2}});
}

}  // namespace

std::vector<ForwardShape> forward_shapes(bool are_small) {
  if (are_small) {
    const std::vector<int> keys{64, 128}, rows{8, 32};
    return {{"a small LLaDA-MoE",
             moe_config({.vocabulary = 512,
                         .hidden = 64,
                         .layers = 2,
                         .heads = 2,
                         .width = 16,
                         .num_experts = 4,
                         .top_k = 2}),
             keys, rows},
            {"a small LLaDA",
             dense_config({.vocabulary = 512, .hidden = 64, .layers = 2, .heads = 2, .width = 128}),
             keys, rows}};
  }
  const std::vector<int> keys{512, 1024, 4096}, rows{8, 32, 64, 128, 512};
  return {{"LLaDA-MoE-7B",
           moe_config({.vocabulary = 157184,
                       .hidden = 2048,
                       .layers = 16,
                       .heads = 16,
                       .width = 1024,
                       .num_experts = 64,
                       .top_k = 8}),
           keys, rows},
          {"LLaDA-8B",
           dense_config(
               {.vocabulary = 126464, .hidden = 4096, .layers = 32, .heads = 32, .width = 12288}),
           keys, rows}};
}

}  // namespace unmask::bench
