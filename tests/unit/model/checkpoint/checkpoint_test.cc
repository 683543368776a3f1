#include "model/checkpoint/checkpoint.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "tests/unit/model/checkpoint/model_folder.h"

namespace unmask {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// A header of one tensor; padded with spaces to `length`, as writers do to align the data.
std::string header_of(const std::string& name, const std::string& dtype, const std::string& shape,
                      std::size_t num_bytes, std::size_t length = 128) {
  std::string header = R"({")" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape +
                       R"(,"data_offsets":[0,)" + std::to_string(num_bytes) + "]}}";
  header.resize(std::max(header.size(), length), ' ');
  return header;
}

template <typename T>
std::string bytes_of(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() { folder_.write("config.json", moe_config()); }

  void write_tensor(const std::string& file, const std::string& name, const std::string& dtype,
                    const std::string& shape, const std::string& data, std::size_t length = 128) {
    folder_.write(file,
                  safetensors_bytes(header_of(name, dtype, shape, data.size(), length), data));
  }

  void write_index(const std::string& map) {
    folder_.write("model.safetensors.index.json", R"({"weight_map":)" + map + "}");
  }

  [[nodiscard]] Result<Checkpoint> open() const { return Checkpoint::open(folder_.path()); }

  /// What open() says; empty if it succeeds.
  [[nodiscard]] std::string complaint() const {
    const auto checkpoint = open();
    return checkpoint ? "" : checkpoint.error().message;
  }

  const ModelFolder folder_;
};

TEST_F(CheckpointTest, MatricesAreViewsOfTheFile) {
  write_tensor("model.safetensors", "w", "F32", "[2,3]", bytes_of({0.f, 1.f, 2.f, 3.f, 4.f, 5.f}));
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  const auto matrix = opened->matrix("w", 2, 3);
  ASSERT_TRUE(matrix) << matrix.error().message;
  const Checkpoint moved = std::move(*opened);  // views stay valid
  EXPECT_EQ(matrix->dtype, kernels::DType::kF32);
  EXPECT_EQ(matrix->rows, 2);
  EXPECT_EQ(matrix->cols, 3);
  EXPECT_EQ(matrix->row_stride, 3);
  EXPECT_EQ(static_cast<const float*>(matrix->data)[5], 5.0f);
  EXPECT_EQ(moved.num_bytes(), 24u);
}

TEST_F(CheckpointTest, VectorsAreConverted) {
  write_tensor("model.safetensors", "v", "BF16", "[3]",
               bytes_of<std::uint16_t>({0x3f80, 0xc020, 0x7f80}));
  const auto bf16 = open();
  ASSERT_TRUE(bf16) << bf16.error().message;
  EXPECT_THAT(*bf16->vector_f32("v", 3),
              ElementsAre(1.0f, -2.5f, std::numeric_limits<float>::infinity()));

  write_tensor("model.safetensors", "v", "F16", "[7]",
               bytes_of<std::uint16_t>({0x3c00, 0xc100, 0x7bff, 0x0001, 0x83ff, 0x8000, 0xfc00}));
  const auto f16 = open();
  ASSERT_TRUE(f16) << f16.error().message;
  const auto values = *f16->vector_f32("v", 7);
  EXPECT_THAT(values, ElementsAre(1.0f, -2.5f, 65504.0f, 0x1p-24f, -1023 * 0x1p-24f, -0.0f,
                                  -std::numeric_limits<float>::infinity()));
  EXPECT_TRUE(std::signbit(values[5]));
}

TEST_F(CheckpointTest, MisalignedTensorsAreCopiedIntoPlace) {
  const std::string data = bytes_of({1.0f, -2.0f});
  const std::size_t odd = header_of("w", "F32", "[1,2]", data.size(), 0).size() | 1;
  write_tensor("model.safetensors", "w", "F32", "[1,2]", data, odd);
  const auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const auto matrix = checkpoint->matrix("w", 1, 2);
  ASSERT_TRUE(matrix);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(matrix->data) % sizeof(float), 0u);
  checkpoint->drop_pages("w");
  EXPECT_EQ(static_cast<const float*>(matrix->data)[1], -2.0f);
}

/// Pages of files that are in this process's memory.
std::int64_t num_file_pages() {
  std::ifstream file("/proc/self/statm");
  std::int64_t size = 0, resident = 0, shared = 0;
  file >> size >> resident >> shared;
  return shared;
}

TEST_F(CheckpointTest, DroppedPagesLeaveMemoryAndAreReadAgain) {
  std::string data(8 << 20, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 31 >> 3);
  write_tensor("model.safetensors", "w", "F32", "[2048,1024]", data);
  const auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const auto matrix = checkpoint->matrix("w", 2048, 1024);
  ASSERT_TRUE(matrix);
  ASSERT_EQ(std::memcmp(matrix->data, data.data(), data.size()), 0);
  const std::int64_t before = num_file_pages();
  checkpoint->drop_pages("w");
  const std::int64_t num_pages = std::int64_t(data.size()) / ::sysconf(_SC_PAGESIZE);
  EXPECT_GE(before - num_file_pages(), num_pages * 3 / 4);  // the kernel counts in portions
  EXPECT_EQ(std::memcmp(matrix->data, data.data(), data.size()), 0);
  checkpoint->drop_pages("no such tensor");
}

TEST_F(CheckpointTest, ATensorThatDoesNotFitIsNamedWithBothShapes) {
  write_tensor("model.safetensors", "w", "F32", "[2,3]", std::string(24, '\0'));
  const auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  for (const auto& [rows, cols] : {std::pair(3, 2), std::pair(2, 4), std::pair(0, 0)}) {
    const auto matrix = checkpoint->matrix("w", rows, cols);
    ASSERT_FALSE(matrix);
    const std::string needed = "[" + std::to_string(rows) + ", " + std::to_string(cols) + "]";
    EXPECT_THAT(
        matrix.error().message,
        AllOf(HasSubstr("model.safetensors: tensor w has shape [2, 3]"), HasSubstr(needed)));
  }
  EXPECT_FALSE(checkpoint->vector_f32("w", 6));
  const auto missing = checkpoint->matrix("v", 2, 3);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message,
              AllOf(HasSubstr(folder_.path().string()), HasSubstr("tensor v is missing")));
}

TEST_F(CheckpointTest, AnotherDtypeIsAnErrorOnlyWhenAskedFor) {
  write_tensor("model.safetensors", "w", "I32", "[1,2]", std::string(8, '\0'));
  const auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const auto matrix = checkpoint->matrix("w", 1, 2);
  ASSERT_FALSE(matrix);
  EXPECT_THAT(matrix.error().message, HasSubstr("tensor w has dtype I32, but F32, BF16 or F16"));
}

TEST_F(CheckpointTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(complaint(), HasSubstr("holds neither model.safetensors nor"));
  const auto nowhere = Checkpoint::open(folder_.path() / "nowhere");
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("nowhere: there is no such model folder"));
  const auto file = Checkpoint::open(folder_.path() / "config.json");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("config.json is no folder"));
  std::filesystem::remove(folder_.path() / "config.json");
  EXPECT_THAT(complaint(), HasSubstr("config.json: No such file"));
}

TEST_F(CheckpointTest, WhatIsNoFileIsRefusedAndNotWaitedFor) {
  const std::filesystem::path weights = folder_.path() / "model.safetensors";
  std::filesystem::create_directory(weights);
  EXPECT_THAT(complaint(), HasSubstr("model.safetensors: not a file"));
  std::filesystem::remove(weights);
  ASSERT_EQ(::mkfifo(weights.c_str(), 0600), 0);
  EXPECT_THAT(complaint(), HasSubstr("model.safetensors: not a file"));
  std::filesystem::remove(weights);
  std::filesystem::create_symlink("blob", weights);
  EXPECT_THAT(complaint(), HasSubstr("model.safetensors: No such file"));
}

TEST_F(CheckpointTest, AnEmptyOrTruncatedFileIsRefused) {
  folder_.write("model.safetensors", "");
  EXPECT_THAT(complaint(), HasSubstr("model.safetensors: too short"));
  const std::string bytes = safetensors_bytes(header_of("w", "F32", "[1]", 4), "abcd");
  folder_.write("model.safetensors", bytes.substr(0, bytes.size() - 1));
  EXPECT_THAT(complaint(), HasSubstr("tensor w ends at byte 4 of the data, which has 3 bytes"));
  folder_.write("model.safetensors", bytes);
  folder_.write("config.json", "");
  EXPECT_THAT(complaint(), HasSubstr("config.json: no valid JSON"));
  folder_.write("config.json", std::string((1 << 20) + 1, ' '));
  EXPECT_THAT(complaint(), HasSubstr("config.json: larger than 1 MiB"));
}

TEST_F(CheckpointTest, ShardsAreJoined) {
  write_tensor("a.safetensors", "a", "F32", "[1]", bytes_of({1.0f}));
  write_tensor("b.safetensors", "b", "BF16", "[1]", bytes_of<std::uint16_t>({0x4000}));
  write_index(R"({"a":"a.safetensors","b":"b.safetensors"})");
  const auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->num_bytes(), 6u);
  EXPECT_THAT(*checkpoint->vector_f32("a", 1), ElementsAre(1.0f));
  EXPECT_THAT(*checkpoint->vector_f32("b", 1), ElementsAre(2.0f));
}

TEST_F(CheckpointTest, AnIndexThatPointsOutOfTheFolderIsRefused) {
  const std::string outside[] = {R"("../model.safetensors")",
                                 R"("/tmp/model.safetensors")",
                                 R"("sub/model.safetensors")",
                                 R"("..")",
                                 R"("")",
                                 "7",
                                 R"("weights.bin")",
                                 R"("a\u0000.safetensors")"};
  for (const std::string& name : outside) {
    write_index(R"({"w":)" + name + "}");
    EXPECT_THAT(complaint(), AllOf(HasSubstr("index.json: places tensor w in"),
                                   HasSubstr("no safetensors file of this folder")))
        << name;
  }
}

TEST_F(CheckpointTest, AnIndexMustAgreeWithItsShards) {
  write_index(R"({"a":"a.safetensors"})");
  EXPECT_THAT(complaint(), HasSubstr("a.safetensors: No such file"));

  write_tensor("a.safetensors", "a", "F32", "[1]", bytes_of({1.0f}));
  write_tensor("b.safetensors", "a", "F32", "[1]", bytes_of({1.0f}));
  write_index(R"({"a":"a.safetensors","b":"b.safetensors"})");
  EXPECT_THAT(complaint(), HasSubstr("b.safetensors: tensor a is not placed there by the index"));

  write_index(R"({"a":"a.safetensors","c":"a.safetensors"})");
  EXPECT_THAT(complaint(), HasSubstr("a.safetensors: tensor c is missing"));

  for (const std::string map : {"{}", "[]", "null"}) {
    write_index(map);
    EXPECT_THAT(complaint(), HasSubstr("index.json: has no weight_map"));
  }
  write_index("{");
  EXPECT_THAT(complaint(), HasSubstr("index.json: no valid JSON"));
}

TEST_F(CheckpointTest, DigestsTellModelsApart) {
  const auto digest = [&] {
    const auto checkpoint = open();
    return checkpoint ? checkpoint->digest() : 0;
  };
  write_tensor("model.safetensors", "w", "F32", "[2]", bytes_of({1.0f, 2.0f}));
  const std::uint64_t first = digest();
  EXPECT_NE(first, 0u);
  EXPECT_EQ(digest(), first);
  write_tensor("model.safetensors", "w", "F32", "[2]", bytes_of({1.0f, 2.5f}));
  EXPECT_NE(digest(), first);
  write_tensor("model.safetensors", "w", "F32", "[2]", bytes_of({1.0f, 2.0f}), 136);
  EXPECT_NE(digest(), first);
  write_tensor("model.safetensors", "w", "F32", "[2]", bytes_of({1.0f, 2.0f}));
  EXPECT_EQ(digest(), first);
  folder_.write("config.json", moe_config(R"(,"rope_theta":10000.0)"));
  EXPECT_NE(digest(), first);
}

}  // namespace
}  // namespace unmask
