#include "model/checkpoint/checkpoint.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "tests/unit/model/checkpoint/safetensors_bytes.h"
#include "tests/unit/temporary_folder.h"

namespace unmask::checkpoint {
namespace {

using testing::HasSubstr;

constexpr std::string_view kConfig =
    R"({"architectures":["LLaDAModelLM"],"vocab_size":4,"d_model":2,"n_layers":1,"n_heads":1,)"
    R"("mlp_hidden_size":2})";

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   int begin, int end) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape +
         R"(,"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override { folder_.write("config.json", kConfig); }

  void write_shard(const std::string& name, const std::string& tensors, std::size_t num_bytes) {
    folder_.write(name, safetensors_bytes("{" + tensors + "}", num_bytes));
  }
  /// The sentence with which the folder is refused; empty if it is not.
  [[nodiscard]] std::string refusal() const {
    const Result<Checkpoint> checkpoint = Checkpoint::open(folder_.path());
    return checkpoint ? "" : checkpoint.error().message;
  }
  [[nodiscard]] Checkpoint must_open() const {
    Result<Checkpoint> checkpoint = Checkpoint::open(folder_.path());
    if (!checkpoint) throw std::runtime_error(checkpoint.error().message);
    return std::move(*checkpoint);
  }
  [[nodiscard]] std::vector<std::string> warnings() const { return must_open().config().warnings; }
  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }

  const TemporaryFolder folder_;
};

TEST_F(CheckpointTest, AMissingFolderIsNamed) {
  const Result<Checkpoint> checkpoint = Checkpoint::open(folder_ / "none");
  ASSERT_FALSE(checkpoint);
  EXPECT_EQ(checkpoint.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(checkpoint.error().message, "there is no model folder " + path("none"));
}

TEST_F(CheckpointTest, AMissingConfigIsNamed) {
  std::filesystem::remove(folder_ / "config.json");
  EXPECT_THAT(refusal(), HasSubstr("cannot read " + path("config.json")));
}

TEST_F(CheckpointTest, TooLargeAConfigIsRefused) {
  folder_.write("config.json", std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(refusal(), path("config.json") + ": larger than 1 MiB");
}

TEST_F(CheckpointTest, AGitLfsPointerIsCalledSoWhereverItStands) {
  constexpr std::string_view kPointer =
      "version https://git-lfs.github.com/spec/v1\n"
      "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 13982\n";
  const std::string advice =
      " is a Git LFS pointer: the file itself was not downloaded; run `git lfs pull` in its folder";
  folder_.write("generation_config.json", kPointer);
  write_shard("model.safetensors", tensor("a", "F32", "[1]", 0, 4), 4);
  EXPECT_EQ(refusal(), path("generation_config.json") + advice);
  folder_.write("model.safetensors", kPointer);
  EXPECT_EQ(refusal(), path("model.safetensors") + advice);
  std::filesystem::remove(folder_ / "model.safetensors");
  folder_.write("model.safetensors.index.json", kPointer);
  EXPECT_EQ(refusal(), path("model.safetensors.index.json") + advice);
  folder_.write("model.safetensors.index.json", R"({"weight_map":{"a":"1.safetensors"}})");
  folder_.write("1.safetensors", kPointer);
  EXPECT_EQ(refusal(), path("1.safetensors") + advice);
  folder_.write("config.json", kPointer);
  EXPECT_EQ(refusal(), path("config.json") + advice);
}

TEST_F(CheckpointTest, WeightsThatAreNotReadAreTold) {
  write_shard("model.safetensors", tensor("a", "F32", "[1]", 0, 4), 4);
  write_shard("adapter_model.safetensors", tensor("b", "F32", "[1]", 0, 4), 4);
  folder_.write("model.safetensors.index.json", "stale");
  EXPECT_THAT(warnings(),
              testing::Contains(folder_.path().string() +
                                ": the weights are model.safetensors; not read: "
                                "adapter_model.safetensors, model.safetensors.index.json"));
}

TEST_F(CheckpointTest, AGenerationConfigSaysWhatTheConfigDoesNot) {
  write_shard("model.safetensors", tensor("a", "F32", "[1]", 0, 4), 4);
  const std::uint64_t digest = must_open().digest();
  folder_.write("generation_config.json", R"({"eos_token_id":[2,3],"pad_token_id":1,)"
                                          R"("bos_token_id":0,"temperature":0.5,"top_p":null})");
  const Checkpoint checkpoint = must_open();
  EXPECT_EQ(checkpoint.config().eos_id, 2);
  EXPECT_EQ(checkpoint.config().pad_id, 1);
  EXPECT_EQ(checkpoint.config().mask_id, std::nullopt);
  EXPECT_NE(checkpoint.digest(), digest);
  const std::string file = path("generation_config.json");
  EXPECT_THAT(
      checkpoint.config().warnings,
      testing::IsSupersetOf({file + ": eos_token_id is [2,3], of which 2 is used",
                             file + ": not used, for a job says how to generate: temperature"}));
}

TEST_F(CheckpointTest, WhereBothSayATokenTheConfigCounts) {
  write_shard("model.safetensors", tensor("a", "F32", "[1]", 0, 4), 4);
  std::string config(kConfig);
  config.insert(1, R"("eos_token_id":3,)");
  folder_.write("config.json", config);
  const std::string file = path("generation_config.json");
  const auto told = [&](const char* ids) {
    folder_.write("generation_config.json", std::string(R"({"eos_token_id":)") + ids + "}");
    EXPECT_EQ(must_open().config().eos_id, 3) << ids;
    std::string all;
    for (const std::string& warning : warnings()) {
      if (warning.starts_with(file)) all += warning.substr(file.size());
    }
    return all;
  };
  EXPECT_EQ(told("3"), "");
  EXPECT_EQ(told("[2,3]"), ": eos_token_id is [2,3], of which 3 is used");
  EXPECT_EQ(told("2"), ": eos_token_id is 2, but config.json says 3, which is used");
  folder_.write("generation_config.json", R"({"eos_token_id":4})");
  EXPECT_EQ(refusal(), file + ": eos_token_id is 4, but must be a token id of 0..3");
}

TEST_F(CheckpointTest, AMissingShardIsNamed) {
  folder_.write("model.safetensors.index.json",
                R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  write_shard("1.safetensors", tensor("a", "F32", "[1]", 0, 4), 4);
  EXPECT_EQ(refusal(), "cannot read " + path("2.safetensors") + ": No such file or directory");
}

TEST_F(CheckpointTest, ATruncatedShardIsNamed) {
  write_shard("model.safetensors", tensor("a", "F32", "[2]", 0, 8), 4);
  EXPECT_EQ(refusal(),
            path("model.safetensors") + ": tensor a ends at byte 8 of the data, which has 4 bytes");
}

TEST_F(CheckpointTest, ATensorThatTheIndexPlacesElsewhereIsNamed) {
  folder_.write("model.safetensors.index.json",
                R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  write_shard("1.safetensors", tensor("b", "F32", "[1]", 0, 4), 4);
  write_shard("2.safetensors", tensor("a", "F32", "[1]", 0, 4), 4);
  EXPECT_EQ(refusal(), path("1.safetensors") + ": tensor b is not placed there by the index");
}

TEST_F(CheckpointTest, ATensorThatTheIndexListsAndNoFileHasIsNamed) {
  folder_.write("model.safetensors.index.json",
                R"({"weight_map":{"a":"1.safetensors","b":"1.safetensors"}})");
  write_shard("1.safetensors", tensor("a", "F32", "[1]", 0, 4), 4);
  EXPECT_EQ(refusal(),
            path("1.safetensors") + ": tensor b is missing, although the index lists it");
}

TEST_F(CheckpointTest, ATensorThatTheIndexDoesNotListIsNamed) {
  folder_.write("model.safetensors.index.json", R"({"weight_map":{"a":"1.safetensors"}})");
  write_shard("1.safetensors",
              tensor("a", "F32", "[1]", 0, 4) + "," + tensor("b", "F32", "[1]", 4, 8), 8);
  EXPECT_EQ(refusal(), path("1.safetensors") + ": tensor b is not placed there by the index");
}

TEST_F(CheckpointTest, AMatrixOfAnotherShapeDtypeOrNameIsNamed) {
  write_shard("model.safetensors",
              tensor("w", "F32", "[2,3]", 0, 24) + "," + tensor("i", "I32", "[2,3]", 24, 48), 48);
  const Result<Checkpoint> checkpoint = Checkpoint::open(folder_.path());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_TRUE(checkpoint->matrix("w", 2, 3));
  const std::string file = path("model.safetensors") + ": ";
  EXPECT_EQ(checkpoint->matrix("w", 3, 2).error().message,
            file + "tensor w has shape [2, 3], but [3, 2] is needed");
  EXPECT_EQ(checkpoint->vector_f32("w", 6).error().message,
            file + "tensor w has shape [2, 3], but [6] is needed");
  EXPECT_EQ(checkpoint->matrix("i", 2, 3).error().message,
            file + "tensor i has dtype I32, but F32, BF16 or F16 is needed");
  EXPECT_EQ(checkpoint->matrix("x", 2, 3).error().message,
            folder_.path().string() + ": tensor x is missing");
  EXPECT_EQ(checkpoint->matrix("x", 2, 3).error().code, ErrorCode::kNotFound);
}

TEST_F(CheckpointTest, TensorsThatLieMisalignedAreReadAllTheSame) {
  const std::string tensors =
      tensor("b", "U8", "[1]", 0, 1) + "," + tensor("w", "F32", "[1,2]", 1, 9);
  std::string bytes = safetensors_bytes("{" + tensors + "}", 9);
  const float values[] = {1.5f, -2.0f};
  bytes.replace(bytes.size() - 8, 8, reinterpret_cast<const char*>(values), 8);
  folder_.write("model.safetensors", bytes);
  const Result<Checkpoint> checkpoint = Checkpoint::open(folder_.path());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const Result<kernels::HostMatrix> matrix = checkpoint->matrix("w", 1, 2);
  ASSERT_TRUE(matrix) << matrix.error().message;
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(matrix->data) % sizeof(float), 0u);
  EXPECT_EQ(static_cast<const float*>(matrix->data)[1], -2.0f);
  checkpoint->drop_pages("w");
  checkpoint->drop_pages("none");
  EXPECT_EQ(static_cast<const float*>(matrix->data)[0], 1.5f);
}

TEST_F(CheckpointTest, HalfPrecisionIsConvertedExactly) {
  std::string bytes = safetensors_bytes("{" + tensor("h", "F16", "[6]", 0, 12) + "}", 12);
  const std::uint16_t values[] = {0x3c00, 0xc000, 0x0001, 0x8000, 0x7bff, 0x7c00};
  bytes.replace(bytes.size() - 12, 12, reinterpret_cast<const char*>(values), 12);
  folder_.write("model.safetensors", bytes);
  const Result<Checkpoint> checkpoint = Checkpoint::open(folder_.path());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const Result<std::vector<float>> vector = checkpoint->vector_f32("h", 6);
  ASSERT_TRUE(vector) << vector.error().message;
  EXPECT_EQ(*vector, (std::vector<float>{1.0f, -2.0f, 0x1p-24f, -0.0f, 65504.0f, INFINITY}));
}

}  // namespace
}  // namespace unmask::checkpoint
