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
            "config.json: hidden_act is \"gelu\", which is not supported");
  EXPECT_EQ(refusal(llada_moe(), "attention_bias", true),
            "config.json: attention_bias is true, which is not supported");
  EXPECT_THAT(refusal(llada2_moe(), "rope_scaling", json::object{{"type", "yarn"}}),
              HasSubstr("rope_scaling is {\"type\":\"yarn\"}, which is not supported"));
  EXPECT_EQ(refusal(llada_moe(), "routed_scaling_factor", 1.0), "");
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
