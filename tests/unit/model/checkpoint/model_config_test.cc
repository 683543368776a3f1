#include "model/checkpoint/model_config.h"

#include <gmock/gmock.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace unmask::checkpoint {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

json::object llada_moe() {
  return {{"architectures", json::array{"LLaDAMoEModelLM"}},
          {"vocab_size", 512},
          {"hidden_size", 64},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"num_experts", 8},
          {"num_experts_per_tok", 2},
          {"expert_intermediate_size", 32}};
}

json::object llada2_moe() {
  json::object config = llada_moe();
  config["architectures"] = json::array{"LLaDA2MoeModelLM"};
  config.erase("expert_intermediate_size");
  config["intermediate_size"] = 160;
  config["moe_intermediate_size"] = 20;
  return config;
}

json::object llada() {
  return {{"architectures", json::array{"LLaDAModelLM"}},
          {"vocab_size", 512},
          {"d_model", 64},
          {"n_layers", 3},
          {"n_heads", 4},
          {"mlp_hidden_size", 160}};
}

Result<ModelConfig> parse(const json::object& config, const StoredTensors& tensors = {}) {
  return parse_model_config(json::serialize(config), "config.json", tensors);
}

/// The sentence with which `config` is refused with another value of `key`; empty if it is not.
std::string refusal(json::object config, const char* key, json::value value) {
  config[key] = std::move(value);
  const Result<ModelConfig> parsed = parse(config);
  if (parsed) return "";
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(parsed.error().message, testing::StartsWith("config.json: "));
  return parsed.error().message;
}

TEST(ModelConfigTest, TheSmallestConfigsAreEnough) {
  for (const json::object& config : {llada_moe(), llada2_moe(), llada()}) {
    const Result<ModelConfig> parsed = parse(config);
    EXPECT_TRUE(parsed) << parsed.error().message;
  }
}

TEST(ModelConfigTest, AnUnknownArchitectureIsNamed) {
  EXPECT_EQ(refusal(llada(), "architectures", json::array{"LlamaForCausalLM"}),
            "config.json: unknown architecture [\"LlamaForCausalLM\"]; known are LLaDAModelLM, "
            "LLaDAMoEModelLM and LLaDA2MoeModelLM");
  EXPECT_THAT(refusal(llada(), "architectures", 7), HasSubstr("unknown architecture 7"));
}

TEST(ModelConfigTest, WithoutAnArchitectureTheTensorsTellIt) {
  json::object config = llada();
  config.erase("architectures");
  const Result<ModelConfig> untold = parse(config);
  ASSERT_FALSE(untold);
  EXPECT_THAT(untold.error().message, HasSubstr("architectures is missing"));
  const Result<ModelConfig> told = parse(config, {{"model.transformer.wte.weight", {}}});
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->architecture, Architecture::kLlada);
}

TEST(ModelConfigTest, AMissingKeyIsNamed) {
  const auto missing = [](json::object config, const char* key) {
    return refusal(std::move(config), key, nullptr);
  };
  for (const char* key : {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
                          "num_experts", "num_experts_per_tok", "expert_intermediate_size"}) {
    EXPECT_EQ(missing(llada_moe(), key), "config.json: " + std::string(key) + " is missing");
  }
  for (const char* key : {"d_model", "n_layers", "n_heads", "mlp_hidden_size", "vocab_size"}) {
    EXPECT_EQ(missing(llada(), key), "config.json: " + std::string(key) + " is missing");
  }
  for (const char* key : {"intermediate_size", "moe_intermediate_size"}) {
    EXPECT_EQ(missing(llada2_moe(), key), "config.json: " + std::string(key) + " is missing");
  }
}

TEST(ModelConfigTest, AnImpossibleNumberIsNamedWithWhatIsPossible) {
  EXPECT_EQ(refusal(llada_moe(), "num_hidden_layers", 0),
            "config.json: num_hidden_layers is 0, but must be an integer of 1..1024");
  for (const json::value& value :
       {json::value(-1), json::value(1 << 30), json::value(2.5), json::value("64"),
        json::value(json::array{64}), json::value(UINT64_MAX), json::value(true)}) {
    for (const char* key : {"vocab_size", "hidden_size", "num_attention_heads", "num_experts",
                            "num_key_value_heads", "head_dim", "max_position_embeddings"}) {
      EXPECT_THAT(refusal(llada_moe(), key, value), HasSubstr(std::string(key) + " is ")) << key;
    }
  }
  EXPECT_THAT(refusal(llada_moe(), "rope_theta", 0), HasSubstr("rope_theta is 0, but must be"));
  EXPECT_THAT(refusal(llada_moe(), "rms_norm_eps", -1e-5), HasSubstr("rms_norm_eps is -1E-5"));
  EXPECT_THAT(refusal(llada_moe(), "partial_rotary_factor", 1.5),
              HasSubstr("partial_rotary_factor is 1.5E0"));
  EXPECT_THAT(refusal(llada_moe(), "norm_topk_prob", 1), HasSubstr("but must be true or false"));
}

TEST(ModelConfigTest, NumbersThatDoNotGoTogetherAreRefused) {
  EXPECT_THAT(refusal(llada_moe(), "num_key_value_heads", 3), HasSubstr("does not divide"));
  EXPECT_THAT(refusal(llada_moe(), "num_experts_per_tok", 9),
              HasSubstr("num_experts_per_tok is larger than num_experts"));
  EXPECT_THAT(refusal(llada_moe(), "head_dim", 15), HasSubstr("RoPE needs an even number"));
  EXPECT_THAT(refusal(llada2_moe(), "partial_rotary_factor", 0.2),
              HasSubstr("RoPE needs an even number"));
  EXPECT_THAT(refusal(llada2_moe(), "first_k_dense_replace", 3),
              HasSubstr("first_k_dense_replace is larger than num_hidden_layers"));
  EXPECT_THAT(refusal(llada(), "n_heads", 128), HasSubstr("the heads have no dimension"));
  json::object wide = llada_moe();
  wide["num_attention_heads"] = 4096;
  EXPECT_EQ(refusal(wide, "head_dim", 1024), "");
  EXPECT_EQ(refusal(wide, "head_dim", 1026),
            "config.json: the heads together have more than 4194304 dimensions");
}

TEST(ModelConfigTest, AFeatureThatTheNetworkLacksIsNamed) {
  EXPECT_EQ(refusal(llada_moe(), "hidden_act", "gelu"),
            "config.json: hidden_act is \"gelu\", which is not supported; supported is \"silu\"");
  EXPECT_EQ(refusal(llada_moe(), "attention_bias", true),
            "config.json: attention_bias is true, which is not supported; supported is false");
  EXPECT_THAT(refusal(llada2_moe(), "rope_scaling", json::object{{"type", "yarn"}}),
              HasSubstr("rope_scaling is {\"type\":\"yarn\"}, which is not supported"));
  EXPECT_EQ(refusal(llada_moe(), "routed_scaling_factor", 1.0), "");
}

/// With `changes` over it.
json::object changed(json::object config, const json::object& changes) {
  for (const auto& [key, value] : changes) config[key] = value;
  return config;
}

std::vector<std::string> warnings_of(const json::object& config) {
  const Result<ModelConfig> parsed = parse(config);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? parsed->warnings : std::vector<std::string>();
}

/// Of the three, with what would be missed.
json::object whole(json::object config) {
  return changed(std::move(config), {{"rope_theta", 1e4}, {"rms_norm_eps", 1e-5}});
}

TEST(ModelConfigTest, EverySwitchOfDenseLladaHasOneValue) {
  const json::object off = {
      {"rope", true},           {"alibi", false},          {"attention_layer_norm", false},
      {"scale_logits", false},  {"input_emb_norm", false}, {"layer_norm_type", "rms"},
      {"block_type", "llama"},  {"include_bias", false},   {"activation_type", "silu"},
      {"block_group_size", 1},  {"clip_qkv", nullptr},     {"include_qkv_bias", false},
      {"rope_scaling", nullptr}};
  EXPECT_THAT(warnings_of(changed(whole(llada()), off)), testing::IsEmpty());
  for (const auto& [key, value] :
       json::object{{"rope", false},
                    {"alibi", true},
                    {"clip_qkv", 8},
                    {"rope_scaling", json::object{{"type", "linear"}, {"factor", 2}}},
                    {"attention_layer_norm", true},
                    {"scale_logits", true},
                    {"input_emb_norm", true},
                    {"layer_norm_type", "default"},
                    {"layer_norm_with_affine", false},
                    {"bias_for_layer_norm", true},
                    {"activation_type", "swiglu"},
                    {"block_type", "sequential"},
                    {"block_group_size", 2},
                    {"include_bias", true},
                    {"include_qkv_bias", true},
                    {"tie_word_embeddings", true},
                    {"sliding_window", 64},
                    {"quantization_config", json::object{{"bits", 4}}}}) {
    const std::string name(key);
    EXPECT_THAT(refusal(llada(), name.c_str(), value),
                testing::AllOf(HasSubstr("config.json: " + name + " is "),
                               HasSubstr(", which is not supported; supported is ")));
  }
  EXPECT_EQ(refusal(llada(), "layer_norm_type", "default"),
            "config.json: layer_norm_type is \"default\", which is not supported; supported is "
            "\"rms\"");
}

TEST(ModelConfigTest, EverySwitchOfTheMixturesHasOneValue) {
  for (const auto& [key, value] : json::object{{"attention_bias", true},
                                               {"use_sliding_window", true},
                                               {"sliding_window", 64},
                                               {"layer_types", json::array{"sliding_attention"}},
                                               {"moe_layer_freq", json::array{0, 1}},
                                               {"moe_router_score_function", "sigmoid"},
                                               {"moe_router_enable_expert_bias", true},
                                               {"routed_scaling_factor", 2.5},
                                               {"router_num_group", 4},
                                               {"clip_qkv", 8},
                                               {"rope_interleave", true}}) {
    const std::string name(key);
    EXPECT_THAT(refusal(llada_moe(), name.c_str(), value),
                HasSubstr("config.json: " + name + " is "))
        << name;
  }
  for (const auto& [key, value] : json::object{{"use_bias", true},
                                               {"use_qkv_bias", true},
                                               {"norm_head", true},
                                               {"use_sliding_window", true},
                                               {"score_function", "softmax"},
                                               {"norm_topk_prob", false},
                                               {"use_rmsnorm", false},
                                               {"router_dtype", "bf16"},
                                               {"num_nextn_predict_layers", 1}}) {
    const std::string name(key);
    EXPECT_THAT(refusal(llada2_moe(), name.c_str(), value),
                HasSubstr("config.json: " + name + " is "))
        << name;
  }
  const json::object off = {{"use_sliding_window", false},
                            {"sliding_window", 4096},
                            {"max_window_layers", 28},
                            {"layer_types", json::array{"full_attention"}},
                            {"moe_layer_freq", json::array{1, 1}}};
  EXPECT_THAT(warnings_of(changed(whole(llada_moe()), off)), testing::IsEmpty());
}

TEST(ModelConfigTest, ThetaIsReadWhereverItStands) {
  for (const json::object& config : {llada_moe(), llada2_moe(), llada()}) {
    for (const char* place : {"rope_parameters", "rope_scaling"}) {
      const json::object rope{{"rope_theta", 10000.0}, {"rope_type", "default"}};
      const Result<ModelConfig> parsed = parse(changed(config, {{place, rope}}));
      ASSERT_TRUE(parsed) << parsed.error().message;
      EXPECT_EQ(parsed->rope_theta, 10000.0);
      EXPECT_TRUE(parse(changed(config, {{place, rope}, {"rope_theta", 10000}})));
      EXPECT_EQ(refusal(changed(config, {{place, rope}}), "rope_theta", 20000),
                std::string("config.json: rope_theta is 2E4, but 1E4 in ") + place);
    }
  }
  const Result<ModelConfig> partial = parse(changed(
      llada2_moe(),
      {{"rope_parameters", json::object{{"rope_theta", 6e5}, {"partial_rotary_factor", 0.5}}}}));
  ASSERT_TRUE(partial) << partial.error().message;
  EXPECT_EQ(partial->rotary_dim, 8);
  EXPECT_THAT(refusal(llada2_moe(), "rope_parameters", json::object{{"rope_theta", -1}}),
              HasSubstr("rope_parameters is "));
}

TEST(ModelConfigTest, RopeThatIsScaledIsRefused) {
  for (const char* type : {"linear", "dynamic", "yarn", "longrope", "llama3"}) {
    for (const char* place : {"rope_parameters", "rope_scaling"}) {
      for (const char* key : {"rope_type", "type"}) {
        EXPECT_THAT(refusal(llada_moe(), place, json::object{{"rope_theta", 1e4}, {key, type}}),
                    HasSubstr("which is not supported; supported is rope_type \"default\""));
      }
    }
  }
  const json::object nested{{"full_attention", json::object{{"rope_theta", 1e4}}}};
  EXPECT_THAT(refusal(llada_moe(), "rope_parameters", nested), HasSubstr("which is not supported"));
  EXPECT_THAT(refusal(llada_moe(), "rope_parameters", json::object{{"factor", 2}}),
              HasSubstr("which is not supported"));
  EXPECT_THAT(refusal(llada_moe(), "rope_scaling", "yarn"), HasSubstr("rope_scaling is \"yarn\""));
}

TEST(ModelConfigTest, WhatOtherKeysSayTooMustAgree) {
  EXPECT_EQ(refusal(llada(), "hidden_size", 64), "");
  EXPECT_EQ(refusal(llada(), "num_hidden_layers", 4),
            "config.json: num_hidden_layers is 4, but other keys say 3");
  EXPECT_EQ(refusal(changed(llada2_moe(), {{"partial_rotary_factor", 0.5}}), "rotary_dim", 16),
            "config.json: rotary_dim is 16, but other keys say 8");
  EXPECT_EQ(refusal(changed(llada(), {{"multi_query_attention", true}}), "n_kv_heads", 2),
            "config.json: n_kv_heads is 2, but other keys say 1");
  const Result<ModelConfig> parsed = parse(changed(llada2_moe(), {{"rotary_dim", 8}}));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->rotary_dim, 8);
}

TEST(ModelConfigTest, KeysThatNobodyKnowsAreTold) {
  for (const json::object& config : {llada_moe(), llada2_moe(), llada()}) {
    json::object written = changed(whole(config), {{"torch_dtype", "bfloat16"},
                                                   {"use_cache", true},
                                                   {"_comment", "x"},
                                                   {"never_heard_of", nullptr}});
    EXPECT_THAT(warnings_of(written), testing::IsEmpty());
    EXPECT_THAT(warnings_of(changed(written, {{"soft_cap", 30}, {"a\tb", false}})),
                testing::ElementsAre("config.json: not known, and not used: soft_cap, a?b"));
  }
}

TEST(ModelConfigTest, ADefaultThatChangesAnswersIsTold) {
  EXPECT_THAT(warnings_of(llada()),
              testing::ElementsAre("config.json: rope_theta is missing; 5E5 is used",
                                   "config.json: rms_norm_eps is missing; 1E-5 is used"));
}

TEST(ModelConfigTest, AWholeNumberMayBeWrittenAsAnyNumber) {
  json::object config =
      changed(llada_moe(),
              {{"max_position_embeddings", 1e4}, {"vocab_size", 512.0}, {"eos_token_id", 5.0}});
  const Result<ModelConfig> parsed = parse(config);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->max_positions, 10000);
  EXPECT_EQ(parsed->vocab_size, 512);
  EXPECT_EQ(parsed->eos_id, 5);
  EXPECT_THAT(refusal(llada_moe(), "max_position_embeddings", 1e300), HasSubstr("but must be"));
}

TEST(ModelConfigTest, OfSeveralTokensTheFirstIsUsedAndSaid) {
  EXPECT_THAT(warnings_of(changed(whole(llada()), {{"eos_token_id", json::array{7, 9}}})),
              testing::ElementsAre("config.json: eos_token_id is [7,9], of which 7 is used"));
  EXPECT_THAT(warnings_of(changed(whole(llada()), {{"eos_token_id", json::array{7}}})),
              testing::IsEmpty());
}

TEST(ModelConfigTest, ATokenOutsideTheVocabularyIsNamed) {
  for (const char* key : {"mask_token_id", "eos_token_id", "pad_token_id"}) {
    EXPECT_EQ(refusal(llada(), key, 512),
              "config.json: " + std::string(key) + " is 512, but must be a token id of 0..511");
    EXPECT_THAT(refusal(llada(), key, -1), HasSubstr(" is -1, but must be"));
    EXPECT_THAT(refusal(llada(), key, "x"), HasSubstr(" is \"x\", but must be"));
    EXPECT_EQ(refusal(llada(), key, json::array{511, 7}), "");
  }
}

TEST(ModelConfigTest, OnlyTheFirstMistakeIsTold) {
  json::object config = llada();
  config["d_model"] = -1;
  config["n_layers"] = -1;
  const Result<ModelConfig> parsed = parse(config);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message,
            "config.json: d_model is -1, but must be an integer of 1..1048576");
}

}  // namespace
}  // namespace unmask::checkpoint
