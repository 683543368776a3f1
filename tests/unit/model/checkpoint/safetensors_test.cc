#include "model/checkpoint/safetensors.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/model/checkpoint/model_folder.h"

namespace unmask {
namespace {

using testing::HasSubstr;

const std::string kHeader = R"({"__metadata__":{"format":"pt"},)"
                            R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                            R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},)"
                            R"("none":{"dtype":"F16","shape":[0,7],"data_offsets":[32,32]},)"
                            R"("step":{"dtype":"I64","shape":[],"data_offsets":[32,40]}}  )";
const std::string kData(40, '\x3f');

/// Parses a copy that ends exactly where the allocation ends, so that a sanitizer sees one byte
/// too many. The tensors are views of a copy that is gone: only their extents may be read.
Result<StoredTensors> parse(const std::string& bytes) {
  const std::vector<std::byte> copy(
      reinterpret_cast<const std::byte*>(bytes.data()),
      reinterpret_cast<const std::byte*>(bytes.data()) + bytes.size());
  auto tensors = parse_safetensors(copy, "m.safetensors");
  if (!tensors) return tensors;
  std::size_t num_bytes = 0;
  for (const auto& [name, tensor] : *tensors) {
    for (const std::byte byte : tensor.data) num_bytes += 1 + 0 * std::size_t(byte);
  }
  EXPECT_EQ(num_bytes + safetensors_header_bytes(copy), bytes.size());
  return tensors;
}

TEST(SafetensorsTest, TensorsAreViewsOfTheirBytes) {
  const std::string bytes = safetensors_bytes(kHeader, kData);
  const auto view = std::as_bytes(std::span(bytes));
  const auto tensors = parse_safetensors(view, "m.safetensors");
  ASSERT_TRUE(tensors) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 4u);
  const StoredTensor& b = tensors->at("b");
  EXPECT_EQ(b.dtype, "BF16");
  EXPECT_EQ(b.shape, std::vector<std::int64_t>{4});
  EXPECT_EQ(b.data.data(), view.data() + 8 + kHeader.size() + 24);
  EXPECT_EQ(b.data.size(), 8u);
  EXPECT_TRUE(tensors->at("none").data.empty());
  EXPECT_EQ(tensors->at("step").data.size(), 8u);
}

TEST(SafetensorsTest, EveryTruncationIsRefused) {
  const std::string bytes = safetensors_bytes(kHeader, kData);
  ASSERT_TRUE(parse(bytes));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto tensors = parse(bytes.substr(0, length));
    ASSERT_FALSE(tensors) << length;
    EXPECT_THAT(tensors.error().message, HasSubstr("m.safetensors: ")) << length;
  }
}

TEST(SafetensorsTest, EveryOtherLengthOfTheHeaderIsRefused) {
  const std::uint64_t right = kHeader.size();
  for (std::uint64_t length = 0; length <= right + kData.size() + 9; ++length) {
    if (length >= right - 2 && length <= right) continue;  // the header ends with two spaces
    EXPECT_FALSE(parse(safetensors_bytes(length, kHeader, kData))) << length;
  }
  for (int bit = 10; bit < 64; ++bit) {
    const std::uint64_t huge = (std::uint64_t(1) << bit) - 1;
    const auto tensors = parse(safetensors_bytes(huge, kHeader, kData));
    ASSERT_FALSE(tensors) << huge;
    EXPECT_THAT(tensors.error().message, HasSubstr(std::to_string(huge))) << huge;
  }
}

struct Malformed {
  std::string header;
  std::size_t num_data_bytes;
  std::string message;  // a part of it
};

void expect_refused(const std::vector<Malformed>& table) {
  for (const auto& [header, num_data_bytes, message] : table) {
    const auto tensors = parse(safetensors_bytes(header, std::string(num_data_bytes, 'x')));
    ASSERT_FALSE(tensors) << header;
    EXPECT_EQ(tensors.error().code, ErrorCode::kInvalidArgument) << header;
    EXPECT_THAT(tensors.error().message, HasSubstr("m.safetensors: ")) << header;
    EXPECT_THAT(tensors.error().message, HasSubstr(message)) << header;
  }
}

/// A header of one tensor "t" with these fields.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"t":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

/// A header of two tensors of bytes.
std::string two(int begin_a, int end_a, int begin_b, int end_b) {
  const auto entry = [](int begin, int end) {
    return R"({"dtype":"U8","shape":[)" + std::to_string(end - begin) + R"(],"data_offsets":[)" +
           std::to_string(begin) + "," + std::to_string(end) + "]}";
  };
  return R"({"a":)" + entry(begin_a, end_a) + R"(,"b":)" + entry(begin_b, end_b) + "}";
}

TEST(SafetensorsTest, TensorsThatDoNotTileTheDataAreRefused) {
  expect_refused(
      {{two(0, 8, 4, 12), 12, "tensor b overlaps"},
       {two(0, 8, 0, 8), 8, "overlaps another tensor"},
       {two(0, 8, 4, 4), 8, "tensor b overlaps"},
       {two(0, 8, 12, 16), 16, "tensor b leaves a hole of 4 bytes"},
       {two(4, 8, 8, 12), 12, "tensor a leaves a hole of 4 bytes"},
       {two(0, 8, 8, 12), 16, "4 bytes at its end belong to no tensor"},
       {two(0, 8, 8, 32), 16, "tensor b ends at byte 32 of the data, which has 16"},
       {one(R"("F32")", "[1]", "[4611686018427387904,4611686018427387908]"), 4, "tensor t"},
       {one(R"("F32")", "[1]", "[9223372036854775808,4]"), 4, "data_offsets"},
       {one(R"("F32")", "[1]", "[4,0]"), 4, "impossible data_offsets [4,0]"},
       {one(R"("F32")", "[1]", "[-4,0]"), 4, "impossible data_offsets"},
       {one(R"("F32")", "[1]", "[0,4.0]"), 4, "impossible data_offsets"},
       {one(R"("F32")", "[1]", "[0]"), 4, "impossible data_offsets"},
       {one(R"("F32")", "[1]", "[0,2,4]"), 4, "impossible data_offsets"}});
}

TEST(SafetensorsTest, ShapesThatDoNotFitTheBytesAreRefused) {
  expect_refused({{one(R"("F32")", "[2]", "[0,4]"), 4, "4 bytes, which does not fit F32 [2]"},
                  {one(R"("BF16")", "[]", "[0,4]"), 4, "4 bytes, which does not fit BF16 []"},
                  {one(R"("F32")", "[-1]", "[0,4]"), 4, "impossible shape [-1]"},
                  {one(R"("F32")", "[1.5]", "[0,4]"), 4, "impossible shape"},
                  {one(R"("F32")", R"(["1"])", "[0,4]"), 4, "impossible shape"},
                  {one(R"("F32")", "[4294967296,4294967296]", "[0,4]"), 4, "impossible shape"},
                  {one(R"("F32")", "[9223372036854775807]", "[0,4]"), 4, "does not fit"},
                  // 2^62 * 4 bytes is 0 in 64 bits.
                  {one(R"("F32")", "[4611686018427387904]", "[0,0]"), 0, "does not fit"},
                  {one(R"("U8")", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, "more than 8 dimensions"}});
}

TEST(SafetensorsTest, HeadersThatAreNotProperJsonAreRefused) {
  expect_refused({{"", 4, "no valid JSON"},
                  {"[1]", 0, "a JSON object is needed"},
                  {"{", 0, "no valid JSON"},
                  {"{} {}", 0, "no valid JSON"},
                  {"{\"\xff\":1}", 0, "no valid JSON"},
                  {std::string(40, '['), 0, "no valid JSON"},
                  {R"({"t":)" + std::string(100, '[') + std::string(100, ']') + "}", 0, "no valid"},
                  {R"({"t":1})", 0, "tensor t has no proper dtype, shape and data_offsets"},
                  {one("7", "[1]", "[0,4]"), 4, "no proper dtype"},
                  {one(R"("F32")", "4", "[0,4]"), 4, "no proper dtype"},
                  {one(R"("F32")", "[1]", "null"), 4, "no proper dtype"},
                  {R"({"t":{"dtype":"U8","shape":[0]}})", 0, "no proper dtype"},
                  {R"({"t":1,"t":2})", 0, "the key t stands there twice"},
                  {R"({"ab":1,"a\u0062":2})", 0, "the key ab stands there twice"},
                  {R"({"t":{"dtype":"U8","dtype":"I8"}})", 0, "the key dtype stands there twice"},
                  {R"({"\u001b[2J":1})", 0, "tensor ?[2J has no proper"}});
}

TEST(SafetensorsTest, TooManyTensorsAreRefused) {
  std::string header = "{";
  for (int i = 0; i <= 1 << 16; ++i) header += '"' + std::to_string(i) + R"(":0,)";
  header.back() = '}';
  const auto tensors = parse(safetensors_bytes(header, ""));
  ASSERT_FALSE(tensors);
  EXPECT_THAT(tensors.error().message, HasSubstr("more than 65536 tensors"));
}

TEST(SafetensorsTest, ADtypeThatIsNotKnownIsListed) {
  const auto tensors = parse(safetensors_bytes(one(R"("F4")", "[6]", "[0,3]"), "xyz"));
  ASSERT_TRUE(tensors) << tensors.error().message;
  EXPECT_EQ(tensors->at("t").dtype, "F4");
  EXPECT_EQ(tensors->at("t").weight_dtype(), std::nullopt);
}

TEST(SafetensorsTest, RandomByteFlipsNeverCrash) {
  const std::string right = safetensors_bytes(kHeader, kData);
  std::mt19937 random(20240607);
  int num_accepted = 0;
  int num_refused = 0;
  for (int round = 0; round < 10000; ++round) {
    std::string bytes = right;
    const int num_flips = 1 + int(random() % 4);
    for (int flip = 0; flip < num_flips; ++flip) {
      // Half of them stay printable, so that the JSON often still parses.
      char& byte = bytes[random() % (8 + kHeader.size())];
      byte = random() % 2 == 0 ? static_cast<char>(random())
                               : char("0123456789,[]{}\""[random() % 16]);
    }
    ++(parse(bytes) ? num_accepted : num_refused);
  }
  EXPECT_GT(num_accepted, 100);  // else the flips reach only the JSON parser
  EXPECT_GT(num_refused, 1000);
}

}  // namespace
}  // namespace unmask
