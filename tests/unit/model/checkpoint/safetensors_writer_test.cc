#include "model/checkpoint/safetensors_writer.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/checkpoint/mapped_file.h"
#include "model/checkpoint/safetensors.h"
#include "tests/unit/model/checkpoint/model_folder.h"

namespace unmask {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

TEST(SafetensorsWriterTest, WhatIsWrittenIsReadBackAligned) {
  const std::vector<std::uint16_t> halves = {1, 2, 3};
  const std::vector<float> floats = {1.0f, 2.0f};
  const std::vector<std::int64_t> longs = {-7};
  const StoredTensors written = {
      {"a \"quoted\" name", {"F16", {3}, std::as_bytes(std::span(halves))}},
      {"floats", {"F32", {1, 2}, std::as_bytes(std::span(floats))}},
      {"none", {"F32", {0, 2}, {}}},
      {"z", {"I64", {}, std::as_bytes(std::span(longs))}}};
  const ModelFolder folder;
  const std::filesystem::path path = folder.path() / "out.safetensors";
  const auto result = write_safetensors(path, written);
  ASSERT_TRUE(result) << result.error().message;

  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto read = parse_safetensors(file->bytes(), path);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), written.size());
  for (const auto& [name, tensor] : written) {
    const StoredTensor& other = read->at(name);
    EXPECT_EQ(other.dtype, tensor.dtype) << name;
    EXPECT_EQ(other.shape, tensor.shape) << name;
    EXPECT_THAT(other.data, ElementsAreArray(tensor.data)) << name;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(other.data.data()) % element_bytes(tensor.dtype), 0u)
        << name;
  }
}

TEST(SafetensorsWriterTest, AFileThatCannotBeWrittenIsNamed) {
  const ModelFolder folder;
  const auto result = write_safetensors(folder.path() / "nowhere/out.safetensors", {});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("nowhere/out.safetensors: No such file"));
  const auto full = write_safetensors("/dev/full", {});
  ASSERT_FALSE(full);
  EXPECT_THAT(full.error().message, HasSubstr("/dev/full: No space left"));
}

}  // namespace
}  // namespace unmask
