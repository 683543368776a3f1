#include "model/network/weight_inventory.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "tests/golden/golden_files.h"
#include "tests/golden/worker_group.h"
#include "tests/unit/model/checkpoint/safetensors_bytes.h"
#include "tests/unit/temporary_folder.h"

namespace unmask::network {
namespace {

using checkpoint::Checkpoint;
using golden::must;
using testing::HasSubstr;

/// A golden checkpoint that can be given other tensors.
class WeightInventoryTest : public testing::Test {
 protected:
  void start_from(const std::string& model) {
    const std::filesystem::path golden = golden::golden_dir() / "models" / model;
    std::filesystem::copy_file(golden / "config.json", folder_ / "config.json");
    std::filesystem::copy_file(golden / "model.safetensors", folder_ / "1.safetensors");
    const Checkpoint stored = must(Checkpoint::open(golden));
    for (const auto& entry : stored.tensors()) place(entry.first, "1.safetensors");
  }
  /// One more tensor, in a file of its own: zeros, or `data`.
  void add(const std::string& name, int rows, int cols, ByteView data = {}) {
    const std::string file = std::to_string(++num_added_ + 1) + ".safetensors";
    const int size = rows * cols * 4;
    const std::string shape = "[" + std::to_string(rows) + "," + std::to_string(cols) + "]";
    std::string bytes =
        checkpoint::safetensors_bytes("{\"" + name + R"(":{"dtype":"F32","shape":)" + shape +
                                          R"(,"data_offsets":[0,)" + std::to_string(size) + "]}}",
                                      std::size_t(size));
    std::ranges::copy(data, reinterpret_cast<std::byte*>(bytes.data() + bytes.size() - size));
    folder_.write(file, bytes);
    place(name, file);
  }
  [[nodiscard]] Checkpoint open() const {
    folder_.write("model.safetensors.index.json", R"({"weight_map":{)" + placed_ + "}}");
    return must(Checkpoint::open(folder_.path()));
  }
  /// The sentence with which tools and workers refuse the checkpoint; empty if they do not.
  [[nodiscard]] std::string refusal() const {
    const Checkpoint checkpoint = open();
    const Result<WeightInventory> inventory = take_inventory(checkpoint);
    const auto backend = must(kernels::make_backend(device_spec_of_tests()));
    EngineOptions options;
    options.num_kv_pages = 4;
    const auto engine = Engine::create(checkpoint, *backend, options);
    EXPECT_EQ(bool(inventory), bool(engine));
    if (inventory) return "";
    EXPECT_EQ(inventory.error().message, engine.error().message);
    return inventory.error().message;
  }
  [[nodiscard]] std::string path(const char* file) const { return (folder_ / file).string(); }

  const TemporaryFolder folder_;

 private:
  void place(const std::string& name, const std::string& file) {
    placed_ += (placed_.empty() ? "\"" : ",\"") + name + "\":\"" + file + "\"";
  }

  std::string placed_;
  int num_added_ = 0;
};

TEST_F(WeightInventoryTest, EveryTensorOfTheCheckpointsThatAreKnownIsAWeight) {
  std::vector<std::filesystem::path> models;
  for (const auto& dir : {golden::golden_dir() / "models", source_dir() / "model/zoo"}) {
    for (const auto& entry : std::filesystem::directory_iterator(dir)) {
      if (std::filesystem::exists(entry.path() / "config.json")) models.push_back(entry.path());
    }
  }
  EXPECT_GE(models.size(), 13u);
  for (const std::filesystem::path& model : models) {
    const Checkpoint checkpoint = must(Checkpoint::open(model));
    const Result<WeightInventory> inventory = take_inventory(checkpoint);
    ASSERT_TRUE(inventory) << inventory.error().message;
    EXPECT_EQ(inventory->num_bytes, checkpoint.num_bytes()) << model;
    EXPECT_THAT(inventory->unused, testing::IsEmpty()) << model;
  }
}

TEST_F(WeightInventoryTest, ABiasThatNobodyAddsIsRefused) {
  start_from("llada-mha");
  EXPECT_EQ(refusal(), "");
  add("model.transformer.blocks.0.q_proj.bias", 1, 64);
  EXPECT_EQ(refusal(), path("2.safetensors") +
                           ": tensor model.transformer.blocks.0.q_proj.bias is no weight of a "
                           "LLaDA model as config.json describes it");
  add("model.transformer.blocks.1.q_proj.bias", 1, 64);
  EXPECT_THAT(refusal(), HasSubstr("as config.json describes it, nor are 1 others"));
}

TEST_F(WeightInventoryTest, AnAdapterIsToBeMergedFirst) {
  start_from("moe_mha");
  add("model.layers.0.self_attn.q_proj.lora_A.weight", 8, 64);
  add("model.layers.0.self_attn.q_proj.lora_B.weight", 64, 8);
  EXPECT_THAT(refusal(), testing::EndsWith("; merge the adapter into the weights first"));
}

TEST_F(WeightInventoryTest, ExpertsThatAreStackedAreNamed) {
  start_from("moe_mha");
  add("model.layers.0.mlp.w1", 8, 64);
  EXPECT_THAT(refusal(), HasSubstr("tensor model.layers.0.mlp.w1 is no weight of a LLaDA-MoE"));
}

TEST_F(WeightInventoryTest, ALayerBeyondTheLastIsRefused) {
  start_from("llada2-a");
  add("model.layers.3.input_layernorm.weight", 1, 64);
  EXPECT_THAT(refusal(), HasSubstr("tensor model.layers.3.input_layernorm.weight is no weight"));
}

TEST_F(WeightInventoryTest, TheTableOfAnglesIsNotNeededAndNotCounted) {
  start_from("moe_mha");
  add("model.layers.0.self_attn.rotary_emb.inv_freq", 1, 8);
  EXPECT_EQ(refusal(), "");
  const WeightInventory inventory = must(take_inventory(open()));
  EXPECT_THAT(inventory.unused,
              testing::ElementsAre("model.layers.0.self_attn.rotary_emb.inv_freq"));
  const Checkpoint plain = must(Checkpoint::open(golden::golden_dir() / "models" / "moe_mha"));
  EXPECT_EQ(inventory.num_parameters, must(take_inventory(plain)).num_parameters);
  EXPECT_EQ(inventory.num_bytes, plain.num_bytes());
}

TEST_F(WeightInventoryTest, AStoredHeadMustBeTheEmbeddingsThatAreTheHead) {
  start_from("moe_tied_renorm");
  add("lm_head.weight", 512, 64);  // zeros
  EXPECT_THAT(refusal(), HasSubstr("tensor lm_head.weight is no weight"));
}

TEST_F(WeightInventoryTest, AHeadThatIsACopyOfTheEmbeddingsIsNotNeeded) {
  start_from("moe_tied_renorm");
  const Checkpoint stored = open();
  const checkpoint::StoredTensor& table =
      stored.tensors().find("model.embed_tokens.weight")->second;
  ASSERT_EQ(table.dtype, "F32");
  add("lm_head.weight", int(table.shape[0]), int(table.shape[1]), table.data);
  EXPECT_EQ(refusal(), "");
  EXPECT_THAT(must(take_inventory(open())).unused, testing::ElementsAre("lm_head.weight"));
}

TEST_F(WeightInventoryTest, AMissingWeightIsNamed) {
  start_from("moe_mha");
  std::string config = folder_.read("config.json");
  const std::string layers = "\"num_hidden_layers\": 2";
  config.replace(config.find(layers), layers.size(), "\"num_hidden_layers\": 3");
  const std::string freq = "\"moe_layer_freq\"";
  config.replace(config.find(freq), freq.size(), "\"_moe_layer_freq\"");
  folder_.write("config.json", config);
  EXPECT_THAT(refusal(), HasSubstr("tensor model.layers.2.input_layernorm.weight is missing"));
}

}  // namespace
}  // namespace unmask::network
