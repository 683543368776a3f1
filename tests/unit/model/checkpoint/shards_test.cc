#include "model/checkpoint/shards.h"

#include <gmock/gmock.h>

#include "tests/unit/temporary_folder.h"

namespace unmask::checkpoint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kIndex = "model.safetensors.index.json";

class ShardsTest : public testing::Test {
 protected:
  /// The sentence with which an index with this weight_map is refused.
  [[nodiscard]] std::string refusal(std::string_view weight_map) const {
    folder_.write(kIndex, R"({"weight_map":)" + std::string(weight_map) + "}");
    const Result<Shards> shards = find_shards(folder_.path());
    if (shards) return "";
    EXPECT_EQ(shards.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(shards.error().message, HasSubstr((folder_ / kIndex).string()));
    return shards.error().message;
  }

  const TemporaryFolder folder_;
};

TEST_F(ShardsTest, ASingleFileNeedsNoIndex) {
  folder_.write("model.safetensors", "");
  folder_.write(kIndex, "not looked at");
  const Result<Shards> shards = find_shards(folder_.path());
  ASSERT_TRUE(shards) << shards.error().message;
  EXPECT_THAT(shards->files, ElementsAre("model.safetensors"));
  EXPECT_TRUE(shards->placed.empty());
  EXPECT_THAT(shards->unread, ElementsAre(kIndex));
}

TEST_F(ShardsTest, FilesThatNobodyReadsAreNamed) {
  folder_.write(kIndex, R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  for (const char* file : {"2.safetensors", "1.safetensors", "tokenizer.json"}) {
    folder_.write(file, "");
  }
  EXPECT_THAT(find_shards(folder_.path())->unread, testing::IsEmpty());
  folder_.write("old.safetensors", "");
  folder_.write("adapter_model.safetensors", "");
  EXPECT_THAT(find_shards(folder_.path())->unread,
              ElementsAre("adapter_model.safetensors", "old.safetensors"));
  folder_.write("model.safetensors", "");
  EXPECT_THAT(find_shards(folder_.path())->unread,
              ElementsAre("1.safetensors", "2.safetensors", "adapter_model.safetensors", kIndex,
                          "old.safetensors"));
}

TEST_F(ShardsTest, AnIndexTellsWhichFileHoldsATensor) {
  EXPECT_EQ(refusal(R"({"x":"2.safetensors","y":"1.safetensors","z":"2.safetensors"})"), "");
  const Result<Shards> shards = find_shards(folder_.path());
  ASSERT_TRUE(shards) << shards.error().message;
  EXPECT_THAT(shards->files, ElementsAre("1.safetensors", "2.safetensors"));
  EXPECT_THAT(shards->placed, ElementsAre(Pair("x", "2.safetensors"), Pair("y", "1.safetensors"),
                                          Pair("z", "2.safetensors")));
}

TEST_F(ShardsTest, AFolderWithoutWeightsIsNamed) {
  const Result<Shards> shards = find_shards(folder_.path());
  ASSERT_FALSE(shards);
  EXPECT_EQ(shards.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(shards.error().message,
            folder_.path().string() +
                " holds neither model.safetensors nor model.safetensors.index.json");
}

TEST_F(ShardsTest, AnIndexWithoutTensorsIsRefused) {
  for (const char* map : {"{}", "[]", "null", "7"}) {
    EXPECT_THAT(refusal(map), HasSubstr("has no weight_map")) << map;
  }
  folder_.write(kIndex, "{");
  EXPECT_FALSE(find_shards(folder_.path()));
}

TEST_F(ShardsTest, AFileOutsideTheFolderIsNamedWithItsTensor) {
  for (const char* file : {R"("../x.safetensors")", R"("/etc/x.safetensors")",
                           R"("sub/x.safetensors")", R"("x.safetensors\u0000")", R"("x.bin")",
                           R"("a\u0000.safetensors")", "7", "null", R"("")"}) {
    EXPECT_THAT(refusal(std::string(R"({"w":)") + file + "}"),
                testing::AllOf(HasSubstr("places tensor w in "),
                               HasSubstr("which is no safetensors file of this folder")))
        << file;
  }
}

TEST_F(ShardsTest, TooManyFilesAreRefused) {
  std::string map = "{";
  for (int i = 0; i <= 1024; ++i) {
    const std::string number = std::to_string(i);
    map += (i == 0 ? "\"t" : ",\"t") + number + "\":\"" + number + ".safetensors\"";
  }
  EXPECT_THAT(refusal(map + "}"), HasSubstr("lists more than 1024 files"));
}

}  // namespace
}  // namespace unmask::checkpoint
