/// Files of tensors, as NpyWriter and SafetensorsWriter write them.

#include <gmock/gmock.h>

#include <cstring>

#include "model/checkpoint/safetensors.h"
#include "runtime/cli/text/npy_writer.h"
#include "runtime/cli/text/safetensors_writer.h"
#include "tests/unit/temporary_folder.h"

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class TensorFilesTest : public testing::Test {
 protected:
  OutputFile out(const std::string& name) {
    Result<OutputFile> file = OutputFile::create(folder_ / name);
    return std::move(*file);
  }

  const TemporaryFolder folder_;
};

TEST_F(TensorFilesTest, AnNpyFileIsAnAlignedHeaderAndTheNumbers) {
  NpyWriter writer(out("x.npy"));
  writer.begin(2, 3);
  writer.append(std::vector<std::uint32_t>{1, 2, 3});
  writer.append(std::vector<std::uint32_t>{4, 5, 6});
  ASSERT_TRUE(writer.commit().has_value());
  const std::string bytes = folder_.read("x.npy");
  ASSERT_EQ(bytes.size(), 128u + 24u);
  EXPECT_EQ(bytes.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_THAT(bytes.substr(10),
              StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } "));
  EXPECT_EQ(bytes[127], '\n');
  std::uint32_t last = 0;
  std::memcpy(&last, bytes.data() + bytes.size() - 4, 4);
  EXPECT_EQ(last, 6u);
}

TEST_F(TensorFilesTest, AnNpyFileWithoutAllItsRowsIsNone) {
  NpyWriter writer(out("x.npy"));
  writer.begin(2, 3);
  writer.append(std::vector<std::uint32_t>{1, 2, 3});
  EXPECT_FALSE(writer.commit().has_value());
}

TEST_F(TensorFilesTest, ASafetensorsFileIsReadByTheReaderOfCheckpoints) {
  SafetensorsWriter writer(out("x.safetensors"), 2);
  writer.begin("tokens", "I32", {3});
  writer.append(std::vector<std::uint32_t>{7, 8, 9});
  writer.begin("hidden_0", "F32", {2, 2});
  writer.append(std::vector<std::uint32_t>{1, 2});
  writer.append(std::vector<std::uint32_t>{3, 4});
  ASSERT_TRUE(writer.commit().has_value());

  const std::string bytes = folder_.read("x.safetensors");
  const auto tensors = checkpoint::parse_safetensors(std::as_bytes(std::span(bytes)), "x");
  ASSERT_TRUE(tensors.has_value()) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 2u);
  const checkpoint::StoredTensor& hidden = tensors->at("hidden_0");
  EXPECT_EQ(hidden.dtype, "F32");
  EXPECT_THAT(hidden.shape, ElementsAre(2, 2));
  std::vector<std::uint32_t> values(4);
  std::memcpy(values.data(), hidden.data.data(), 16);
  EXPECT_THAT(values, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(tensors->at("tokens").dtype, "I32");
  EXPECT_THAT(tensors->at("tokens").shape, ElementsAre(3));
}

TEST_F(TensorFilesTest, ASafetensorsFileWithATensorThatIsNotWholeIsNone) {
  SafetensorsWriter writer(out("x.safetensors"), 2);
  writer.begin("a", "F32", {2});
  writer.append(std::vector<std::uint32_t>{1});
  writer.begin("b", "F32", {1});
  writer.append(std::vector<std::uint32_t>{1});
  EXPECT_THAT(writer.commit().error().message, HasSubstr("another number of rows"));
}

TEST_F(TensorFilesTest, TheHeaderHasRoomForTheLargestTensors) {
  SafetensorsWriter writer(out("x.safetensors"), 100);
  for (int i = 0; i < 100; ++i) {
    writer.begin("a_tensor_with_a_long_name_of_sixty_four_letters_and_digits_" + std::to_string(i),
                 "F32", {0, INT64_MAX});
  }
  EXPECT_TRUE(writer.commit().has_value());
}

}  // namespace
}  // namespace unmask::cli
