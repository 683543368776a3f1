#include "model/network/weight_shapes.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/golden/golden_files.h"
#include "tests/golden/worker_group.h"
#include "tests/unit/temporary_folder.h"

namespace unmask::network {
namespace {

using checkpoint::Checkpoint;
using golden::must;

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

TEST(WeightShapesTest, AreThoseOfTheCheckpointsThatAreKnown) {
  for (const auto& dir : {golden::golden_dir() / "models", source_dir() / "model/zoo"}) {
    for (const auto& entry : std::filesystem::directory_iterator(dir)) {
      if (!std::filesystem::exists(entry.path() / "config.json")) continue;
      EXPECT_THAT(wrong_weights(must(Checkpoint::open(entry.path()))), testing::IsEmpty())
          << entry.path();
    }
  }
}

TEST(WeightShapesTest, EveryTensorThatIsWrongIsNamed) {
  const std::filesystem::path golden = golden::golden_dir() / "models" / "moe_mha";
  const TemporaryFolder folder;
  std::string config = content_of(golden / "config.json");
  const std::string width = "\"expert_intermediate_size\": ";
  const std::size_t at = config.find(width);
  ASSERT_NE(at, std::string::npos);
  config.insert(at + width.size(), "1");
  folder.write("config.json", config);
  folder.write("model.safetensors", content_of(golden / "model.safetensors"));
  const Checkpoint checkpoint = must(Checkpoint::open(folder.path()));
  const checkpoint::ModelConfig& model = checkpoint.config();
  const std::vector<std::string> wrong = wrong_weights(checkpoint);
  EXPECT_EQ(int(wrong.size()), 3 * model.num_experts * model.num_layers);
  EXPECT_THAT(wrong, testing::Each(testing::AllOf(testing::HasSubstr("has shape"),
                                                  testing::HasSubstr("experts"))));
}

}  // namespace
}  // namespace unmask::network
