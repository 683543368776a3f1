#include "model/checkpoint/model_config.h"

#include <gmock/gmock.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/model/checkpoint/model_folder.h"

namespace unmask {
namespace {

using testing::HasSubstr;

Result<ModelConfig> parse(const std::string& text, const StoredTensors& tensors = {}) {
  return parse_model_config(text, "config.json", tensors);
}

StoredTensors tensors_named(const std::string& name, std::vector<std::int64_t> shape = {}) {
  return {{name, StoredTensor{"F32", std::move(shape), {}}}};
}

TEST(ModelConfigTest, WhatIsAbsentOrNullHasADefault) {
  const auto absent = parse(moe_config());
  const auto null = parse(moe_config(
      R"(,"num_key_value_heads":null,"head_dim":null,"rms_norm_eps":null,"norm_topk_prob":null,)"
      R"("partial_rotary_factor":null,"shared_expert_intermediate_size":null,"clip_qkv":null)"));
  ASSERT_TRUE(absent) << absent.error().message;
  ASSERT_TRUE(null) << null.error().message;
  for (const ModelConfig& config : {*absent, *null}) {
    EXPECT_EQ(config.num_kv_heads, 4);
    EXPECT_EQ(config.head_dim, 16);
    EXPECT_EQ(config.rotary_dim, 16);
    EXPECT_EQ(config.rms_norm_eps, 1e-5f);
    EXPECT_EQ(config.rope_theta, 50000.0);
    EXPECT_EQ(config.shared_expert_intermediate_size, 0);
    EXPECT_FALSE(config.renormalize_topk);
    EXPECT_EQ(config.mask_id, std::nullopt);
  }
}

TEST(ModelConfigTest, TensorsTellWhatTheConfigLeavesOpen) {
  const auto bare = parse(moe_config());
  const auto full =
      parse(moe_config(), {{"lm_head.weight", {}}, {"model.layers.0.self_attn.q_norm.weight", {}}});
  ASSERT_TRUE(bare && full);
  EXPECT_TRUE(bare->has_tied_embeddings);
  EXPECT_FALSE(bare->has_qk_norm);
  EXPECT_FALSE(full->has_tied_embeddings);
  EXPECT_TRUE(full->has_qk_norm);
}

TEST(ModelConfigTest, AStatedHeadDimCountsIfTheQueryWeightsAgree) {
  const std::string query = "model.layers.0.self_attn.q_proj.weight";
  const std::string config = moe_config(R"(,"head_dim":32)");
  const auto unknown = parse(config);
  const auto confirmed = parse(config, tensors_named(query, {128, 64}));
  const auto denied = parse(config, tensors_named(query, {64, 64}));
  ASSERT_TRUE(unknown && confirmed && denied);
  EXPECT_EQ(unknown->head_dim, 32);
  EXPECT_EQ(confirmed->head_dim, 32);
  EXPECT_EQ(denied->head_dim, 16);
}

TEST(ModelConfigTest, TokenIdsMayBeLists) {
  const auto config =
      parse(moe_config(R"(,"mask_token_id":511,"eos_token_id":[508,507],"pad_token_id":0)"));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->mask_id, 511);
  EXPECT_EQ(config->eos_id, 508);
  EXPECT_EQ(config->pad_id, 0);
}

TEST(ModelConfigTest, WithoutArchitecturesTheTensorsTellTheArchitecture) {
  const std::string moe = R"({"vocab_size":8,"hidden_size":4,"num_hidden_layers":1,)"
                          R"("num_attention_heads":1,"num_experts":2,"num_experts_per_tok":1,)"
                          R"("expert_intermediate_size":4,"architectures":[]})";
  const auto config = parse(moe, tensors_named("model.layers.0.mlp.experts.0.gate_proj.weight"));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->architecture, Architecture::kLladaMoe);

  const std::string dense = R"({"model_type":"llada","vocab_size":8,"d_model":4,"n_layers":1,)"
                            R"("n_heads":2,"mlp_hidden_size":4})";
  const auto llada = parse(dense, tensors_named("model.transformer.wte.weight"));
  ASSERT_TRUE(llada) << llada.error().message;
  EXPECT_EQ(llada->architecture, Architecture::kLlada);

  const auto untold = parse(moe);
  ASSERT_FALSE(untold);
  EXPECT_THAT(untold.error().message, HasSubstr("architectures is missing"));
}

TEST(ModelConfigTest, ArchitecturesHaveNamesForPeople) {
  EXPECT_EQ(name_of(Architecture::kLlada), "LLaDA");
  EXPECT_EQ(name_of(Architecture::kLladaMoe), "LLaDA-MoE");
  EXPECT_EQ(name_of(Architecture::kLlada2Moe), "LLaDA2-MoE");
}

struct Refused {
  std::string config;
  std::string message;  // a part of it
};

void expect_refused(const std::vector<Refused>& table) {
  for (const auto& [text, message] : table) {
    const auto config = parse(text);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument) << text;
    EXPECT_THAT(config.error().message, HasSubstr("config.json: ")) << text;
    EXPECT_THAT(config.error().message, HasSubstr(message)) << text;
  }
}

TEST(ModelConfigTest, AKeyThatIsMissingOrOutOfRangeIsNamed) {
  expect_refused(
      {{"", "no valid JSON"},
       {"[]", "a JSON object is needed"},
       {R"({"architectures":["LlamaForCausalLM"]})", R"(unknown architecture ["LlamaFor)"},
       {R"({"architectures":"LLaDAMoEModelLM"})", "unknown architecture"},
       {R"({"architectures":["LLaDAMoEModelLM"]})", "vocab_size is missing"},
       {moe_config(R"(,"hidden_size":64)"), "the key hidden_size stands there twice"},
       {moe_config(R"(,"num_key_value_heads":3)"), "does not divide"},
       {moe_config(R"(,"num_key_value_heads":0)"), "num_key_value_heads is 0, but must"},
       {moe_config(R"(,"num_key_value_heads":"4")"), R"(num_key_value_heads is "4")"},
       {moe_config(R"(,"num_key_value_heads":4.5)"), "num_key_value_heads"},
       {moe_config(R"(,"head_dim":15)"), "even number of dimensions"},
       {moe_config(R"(,"head_dim":99999999999)"), "head_dim is 99999999999"},
       {moe_config(R"(,"partial_rotary_factor":2)"), "partial_rotary_factor"},
       {moe_config(R"(,"rms_norm_eps":0)"), "rms_norm_eps"},
       {moe_config(R"(,"rms_norm_eps":-1e-5)"), "rms_norm_eps"},
       {moe_config(R"(,"rope_theta":1e999)"), "config.json"},
       {moe_config(R"(,"rope_theta":"50000")"), "rope_theta"},
       {moe_config(R"(,"tie_word_embeddings":1)"), "must be true or false"},
       {moe_config(R"(,"mask_token_id":512)"), "a token id of 0..511"},
       {moe_config(R"(,"eos_token_id":-1)"), "eos_token_id is -1"},
       {moe_config(R"(,"eos_token_id":[])"), "eos_token_id is []"}});
}

TEST(ModelConfigTest, AFeatureThatTheNetworkLacksIsRefusedByName) {
  expect_refused({{moe_config(R"(,"hidden_act":"gelu")"), R"(hidden_act is "gelu", which is not)"},
                  {moe_config(R"(,"rope_scaling":{"type":"yarn"})"), "rope_scaling"},
                  {moe_config(R"(,"attention_bias":true)"), "attention_bias is true"},
                  {moe_config(R"(,"clip_qkv":8)"), "clip_qkv is 8"},
                  {moe_config(R"(,"routed_scaling_factor":2.5)"), "routed_scaling_factor"},
                  {moe_config(R"(,"moe_router_enable_expert_bias":true)"), "expert_bias"},
                  {moe_config(R"(,"moe_router_score_function":"sigmoid")"), "score_function"},
                  {moe_config(R"(,"router_num_group":8)"), "router_num_group"}});
}

TEST(ModelConfigTest, MoreExpertsPerTokenThanExpertsAreRefused) {
  std::string text = moe_config();
  text.replace(text.find(R"("num_experts":8)"), 15, R"("num_experts":1)");
  const auto config = parse(text);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("num_experts_per_tok is larger"));
}

TEST(ModelConfigTest, HeadsThatDoNotDivideTheHiddenSizeNeedAHeadDim) {
  std::string text = moe_config();
  text.replace(text.find(R"("hidden_size":64)"), 16, R"("hidden_size":66)");
  const auto config = parse(text);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("hidden_size is no multiple"));
}

TEST(ModelConfigTest, RandomByteFlipsNeverCrash) {
  const std::string right = moe_config(R"(,"num_key_value_heads":2,"rope_theta":10000.0)");
  std::mt19937 random(7);
  int num_accepted = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text = right;
    text[random() % text.size()] =
        random() % 4 == 0 ? static_cast<char>(random()) : char("0123456789-.e[]{"[random() % 16]);
    num_accepted += parse(text) ? 1 : 0;
  }
  EXPECT_GT(num_accepted, 100);
  EXPECT_LT(num_accepted, 4900);
}

}  // namespace
}  // namespace unmask
