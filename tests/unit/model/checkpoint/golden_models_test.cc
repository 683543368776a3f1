/// Every checkpoint of the golden data and of the zoo opens, and holds what its shapes say.

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "model/checkpoint/checkpoint.h"
#include "tests/golden/golden_files.h"

namespace unmask::checkpoint {
namespace {

const std::filesystem::path kGolden = golden::golden_dir() / "models";
const std::filesystem::path kSource = source_dir();

struct Expected {
  std::filesystem::path folder;  ///< in kGolden, or with its whole path
  Architecture architecture;
  int vocab_size, hidden_size, num_layers, num_heads, num_kv_heads, head_dim;
  std::size_t num_tensors;
};

class GoldenModelsTest : public testing::TestWithParam<Expected> {};

TEST_P(GoldenModelsTest, OpensAndTellsItsShapes) {
  const Expected& expected = GetParam();
  const auto checkpoint = Checkpoint::open(kGolden / expected.folder);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const ModelConfig& config = checkpoint->config();
  EXPECT_EQ(config.architecture, expected.architecture);
  EXPECT_EQ(config.vocab_size, expected.vocab_size);
  EXPECT_EQ(config.hidden_size, expected.hidden_size);
  EXPECT_EQ(config.num_layers, expected.num_layers);
  EXPECT_EQ(config.num_heads, expected.num_heads);
  EXPECT_EQ(config.num_kv_heads, expected.num_kv_heads);
  EXPECT_EQ(config.head_dim, expected.head_dim);
  EXPECT_EQ(checkpoint->tensors().size(), expected.num_tensors);
  EXPECT_THAT(config.warnings, testing::IsEmpty());
}

/// The folder's name, as a test may be named.
std::string name_of(const testing::TestParamInfo<Expected>& model) {
  std::string name = model.param.folder.filename();
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    All, GoldenModelsTest,
    testing::Values(Expected{"moe_mha", Architecture::kLladaMoe, 512, 64, 2, 4, 4, 16, 69},
                    Expected{"moe_mha_bf16_sharded", Architecture::kLladaMoe, 512, 64, 2, 4, 4, 16,
                             69},
                    Expected{"moe_gqa", Architecture::kLladaMoe, 520, 96, 3, 6, 2, 16, 138},
                    Expected{"moe_tied_renorm", Architecture::kLladaMoe, 512, 64, 2, 2, 1, 32, 40},
                    Expected{"moe_smooth", Architecture::kLladaMoe, 512, 64, 2, 4, 2, 16, 69},
                    Expected{"llada-mha", Architecture::kLlada, 512, 64, 3, 4, 4, 16, 30},
                    Expected{"llada-gqa", Architecture::kLlada, 576, 72, 2, 6, 2, 12, 21},
                    Expected{"llada2-a", Architecture::kLlada2Moe, 512, 64, 3, 4, 2, 16, 130},
                    Expected{"llada2-b", Architecture::kLlada2Moe, 512, 64, 3, 4, 2, 32, 226},
                    Expected{"llada2-b-bf16", Architecture::kLlada2Moe, 512, 64, 3, 4, 2, 32, 226}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Shipped, GoldenModelsTest,
    testing::Values(Expected{kSource / "model/zoo/unmask-tiny", Architecture::kLladaMoe, 2048, 256,
                             8, 4, 4, 64, 267},
                    Expected{kSource / "model/zoo/unmask-tiny-dense", Architecture::kLlada, 2048,
                             256, 5, 4, 4, 64, 48},
                    Expected{kSource / "model/zoo/unmask-tiny-block", Architecture::kLlada2Moe,
                             2048, 256, 5, 8, 4, 32, 152}),
    name_of);

TEST(GoldenModelTest, LladaMoeTensorsHaveTheShapesOfTheConfig) {
  const auto checkpoint = Checkpoint::open(kGolden / "moe_gqa");
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const auto matrix = checkpoint->matrix("model.layers.2.self_attn.k_proj.weight", 2 * 16, 96);
  ASSERT_TRUE(matrix) << matrix.error().message;
  EXPECT_EQ(matrix->dtype, kernels::DType::kF32);
  EXPECT_EQ(matrix->row_stride, 96);
  const auto norm = checkpoint->vector_f32("model.layers.0.self_attn.q_norm.weight", 16);
  ASSERT_TRUE(norm) << norm.error().message;
  EXPECT_EQ(norm->size(), 16u);
}

TEST(GoldenModelTest, LladaMoeConfigIsReadInFull) {
  const auto checkpoint = Checkpoint::open(kGolden / "moe_tied_renorm");
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const ModelConfig& config = checkpoint->config();
  EXPECT_EQ(config.num_experts, 4);
  EXPECT_EQ(config.num_experts_per_token, 3);
  EXPECT_EQ(config.expert_intermediate_size, 48);
  EXPECT_EQ(config.shared_expert_intermediate_size, 0);
  EXPECT_TRUE(config.renormalize_topk);
  EXPECT_TRUE(config.has_tied_embeddings);
  EXPECT_FALSE(config.has_qk_norm);
  EXPECT_EQ(config.rope_theta, 10000.0);
  EXPECT_EQ(config.rms_norm_eps, 1e-5f);
  EXPECT_EQ(config.rotary_dim, 32);
  EXPECT_EQ(config.max_positions, 8192);
  EXPECT_EQ(config.mask_id, std::nullopt);
  EXPECT_EQ(config.eos_id, 508);
  EXPECT_EQ(config.pad_id, 508);
}

TEST(GoldenModelTest, ShardsHoldTheRoundedWeightsOfTheSingleFile) {
  const auto single = Checkpoint::open(kGolden / "moe_mha");
  const auto sharded = Checkpoint::open(kGolden / "moe_mha_bf16_sharded");
  ASSERT_TRUE(single && sharded);
  for (const auto& [name, tensor] : single->tensors()) {
    ASSERT_TRUE(sharded->has(name)) << name;
    EXPECT_EQ(sharded->tensors().find(name)->second.shape, tensor.shape) << name;
  }
  const auto exact = single->vector_f32("model.norm.weight", 64);
  const auto rounded = sharded->vector_f32("model.norm.weight", 64);
  ASSERT_TRUE(exact && rounded);
  for (std::size_t i = 0; i < 64; ++i) {
    EXPECT_NEAR((*rounded)[i], (*exact)[i], std::abs((*exact)[i]) / 256) << i;
  }
  EXPECT_EQ(sharded->num_bytes() * 2, single->num_bytes());
  EXPECT_NE(sharded->digest(), single->digest());
}

}  // namespace
}  // namespace unmask::checkpoint
