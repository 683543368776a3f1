#include "model/checkpoint/safetensors.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tests/unit/model/checkpoint/safetensors_bytes.h"
#include "tests/unit/model/mutations.h"

namespace unmask::checkpoint {
namespace {

using testing::HasSubstr;

/// Two tensors of f32, a of 4 elements and b of 2 x 3.
constexpr std::string_view kTwo =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},)"
    R"("b":{"dtype":"F32","shape":[2,3],"data_offsets":[16,40]}})";

/// The sentence with which a file is refused; empty if it is not.
std::string refusal_of(std::string_view bytes) {
  const Result<StoredTensors> tensors = parse_safetensors(view(bytes), "m.safetensors");
  return tensors ? "" : tensors.error().message;
}

std::string refusal(std::string_view header, std::size_t num_data_bytes = 0) {
  return refusal_of(safetensors_bytes(header, num_data_bytes));
}

/// Of a file with one tensor, w, of 16 bytes.
std::string refusal_of_tensor(const std::string& entry) {
  return refusal("{\"w\":" + entry + "}", 16);
}

TEST(SafetensorsTest, TensorsLieWhereTheHeaderSays) {
  std::string bytes = safetensors_bytes(kTwo, 40);
  bytes[bytes.size() - 24] = 7;  // the first byte of b
  const Result<StoredTensors> tensors = parse_safetensors(view(bytes), "m.safetensors");
  ASSERT_TRUE(tensors) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 2u);
  const StoredTensor& b = tensors->find("b")->second;
  EXPECT_EQ(b.dtype, "F32");
  EXPECT_EQ(b.shape_text(), "[2, 3]");
  EXPECT_EQ(b.data.size(), 24u);
  EXPECT_EQ(b.data[0], std::byte{7});
  EXPECT_EQ(safetensors_header_bytes(view(bytes)), bytes.size() - 40);
}

TEST(SafetensorsTest, ATensorMayBeEmptyOrASingleNumber) {
  EXPECT_EQ(refusal(R"({"e":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]},)"
                    R"("s":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}})",
                    2),
            "");
  EXPECT_EQ(refusal("{}"), "");
}

TEST(SafetensorsTest, OfAnUnknownDtypeTheSizeIsBelieved) {
  EXPECT_EQ(refusal_of_tensor(R"({"dtype":"F4","shape":[32],"data_offsets":[0,16]})"), "");
}

TEST(SafetensorsTest, EveryTruncationIsRefused) {
  const std::string bytes = safetensors_bytes(kTwo, 40);
  ASSERT_EQ(refusal_of(bytes), "");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THAT(refusal_of(std::string_view(bytes).substr(0, length)),
                testing::StartsWith("m.safetensors: "))
        << length;
  }
}

TEST(SafetensorsTest, AFileThatIsNotOneIsRefused) {
  EXPECT_EQ(refusal_of("1234567"), "m.safetensors: too short for a safetensors file");
  EXPECT_THAT(refusal_of(std::string(64, 'x')), HasSubstr("no safetensors file, or its header of"));
}

TEST(SafetensorsTest, AHeaderThatLiesAboutItsLengthIsRefused) {
  EXPECT_THAT(refusal_of(safetensors_bytes(kTwo, 40, UINT64_MAX)),
              HasSubstr("its header of 18446744073709551615 bytes is over the limit of 100 MiB"));
  EXPECT_THAT(refusal_of(safetensors_bytes(kTwo, 40, 1000)),
              HasSubstr("its header of 1000 bytes does not fit its"));
  EXPECT_THAT(refusal_of(safetensors_bytes(kTwo, 40, kTwo.size() - 1)), HasSubstr("no valid JSON"));
  EXPECT_THAT(refusal_of(safetensors_bytes(kTwo, 40, kTwo.size() + 8)), HasSubstr("no valid JSON"));
  EXPECT_THAT(refusal_of(safetensors_bytes(kTwo, 40, 0)), HasSubstr("no valid JSON"));
}

TEST(SafetensorsTest, AHeaderThatIsNoObjectIsRefused) {
  EXPECT_EQ(refusal("[]"), "m.safetensors: a JSON object is needed");
  EXPECT_THAT(refusal("{\"a\":"), HasSubstr("no valid JSON"));
  EXPECT_THAT(refusal("{\"\xff\":1}"), HasSubstr("no valid JSON"));
  EXPECT_THAT(refusal("{\"a\":" + std::string(1 << 20, '[')), HasSubstr("no valid JSON"));
}

TEST(SafetensorsTest, ATensorThatStandsThereTwiceIsRefused) {
  const std::string entry = R"("w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]})";
  EXPECT_EQ(refusal("{" + entry + "," + entry + "}", 16),
            "m.safetensors: the key w stands there twice");
}

TEST(SafetensorsTest, AnEntryWithoutItsFieldsIsRefused) {
  const std::string needs = "m.safetensors: tensor w has no proper dtype, shape and data_offsets";
  for (const char* entry :
       {"7", "null", "{}", R"({"dtype":"F32","shape":[4]})",
        R"({"dtype":"F32","data_offsets":[0,16]})", R"({"shape":[4],"data_offsets":[0,16]})",
        R"({"dtype":4,"shape":[4],"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":4,"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":[4],"data_offsets":"0"})"}) {
    EXPECT_EQ(refusal_of_tensor(entry), needs) << entry;
  }
}

TEST(SafetensorsTest, AnImpossibleShapeIsNamed) {
  const auto with = [](const std::string& shape) {
    return refusal_of_tensor(R"({"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,16]})");
  };
  EXPECT_EQ(with("[-4]"), "m.safetensors: tensor w has the impossible shape [-4]");
  for (const char* shape :
       {"[4.0]", "[\"4\"]", "[null]", "[18446744073709551615]", "[4294967296,4294967296]"}) {
    EXPECT_THAT(with(shape), HasSubstr("tensor w has the impossible shape")) << shape;
  }
  EXPECT_EQ(with("[1,1,1,1,1,1,1,1,4]"), "m.safetensors: tensor w has more than 8 dimensions");
}

TEST(SafetensorsTest, ASizeThatDoesNotFitTheShapeIsNamed) {
  const auto with = [](const std::string& dtype, const std::string& shape) {
    return refusal_of_tensor(R"({"dtype":")" + dtype + R"(","shape":)" + shape +
                             R"(,"data_offsets":[0,16]})");
  };
  EXPECT_EQ(with("F32", "[4]"), "");
  EXPECT_EQ(with("F32", "[2,3]"),
            "m.safetensors: tensor w has 16 bytes, which does not fit F32 [2, 3]");
  EXPECT_EQ(with("BF16", "[4]"),
            "m.safetensors: tensor w has 16 bytes, which does not fit BF16 [4]");
  EXPECT_EQ(with("F32", "[0]"), "m.safetensors: tensor w has 16 bytes, which does not fit F32 [0]");
  // The product of shape and element size is beyond 64 bits.
  EXPECT_THAT(with("F64", "[4611686018427387904]"), HasSubstr("does not fit F64"));
}

TEST(SafetensorsTest, OffsetsOutsideTheFileAreNamed) {
  const auto with = [](const std::string& offsets) {
    return refusal_of_tensor(R"({"dtype":"F32","shape":[4],"data_offsets":)" + offsets + "}");
  };
  EXPECT_EQ(with("[4,20]"),
            "m.safetensors: tensor w ends at byte 20 of the data, which has 16 bytes");
  EXPECT_THAT(with("[0,9223372036854775807]"), HasSubstr("of the data, which has 16 bytes"));
  for (const char* offsets : {"[16,0]", "[-16,0]", "[0]", "[]", "[0,8,16]", "[0,1.5]", "[0,\"16\"]",
                              "[0,18446744073709551615]"}) {
    EXPECT_THAT(with(offsets), HasSubstr("tensor w has the impossible data_offsets")) << offsets;
  }
}

std::string two(const std::string& a, const std::string& b) {
  return R"({"a":{"dtype":"F32","shape":[4],"data_offsets":)" + a +
         R"(},"b":{"dtype":"F32","shape":[4],"data_offsets":)" + b + "}}";
}

TEST(SafetensorsTest, TensorsThatOverlapAreNamed) {
  EXPECT_EQ(refusal(two("[0,16]", "[8,24]"), 24),
            "m.safetensors: tensor b overlaps another tensor");
  EXPECT_EQ(refusal(two("[0,16]", "[0,16]"), 16),
            "m.safetensors: tensor b overlaps another tensor");
}

TEST(SafetensorsTest, BytesOfNoTensorAreNamed) {
  EXPECT_EQ(refusal(two("[0,16]", "[20,36]"), 36),
            "m.safetensors: tensor b leaves a hole of 4 bytes before it");
  EXPECT_EQ(refusal(two("[16,32]", "[0,16]"), 33),
            "m.safetensors: 1 bytes at its end belong to no tensor");
  EXPECT_EQ(refusal(two("[16,32]", "[0,16]"), 32), "");
}

TEST(SafetensorsTest, TooManyTensorsAreRefused) {
  std::string header = "{";
  for (int i = 0; i <= 1 << 16; ++i)
    header += (i == 0 ? "\"t" : ",\"t") + std::to_string(i) + "\":0";
  EXPECT_EQ(refusal(header + "}"), "m.safetensors: more than 65536 tensors");
}

/// Whatever a file holds: it is refused with a sentence, or every tensor lies in it.
bool is_handled(std::string_view bytes) {
  const Result<StoredTensors> tensors = parse_safetensors(view(bytes), "m.safetensors");
  if (!tensors) {
    EXPECT_TRUE(tensors.error().message.starts_with("m.safetensors: ")) << tensors.error().message;
    return false;
  }
  for (const auto& [name, tensor] : *tensors) {
    const auto* data = reinterpret_cast<const char*>(tensor.data.data());
    EXPECT_GE(data, bytes.data()) << name;
    EXPECT_LE(data + tensor.data.size(), bytes.data() + bytes.size()) << name;
  }
  return true;
}

TEST(SafetensorsTest, AChangedFileIsRefusedOrItsTensorsLieInIt) {
  const std::string bytes = safetensors_bytes(kTwo, 40);
  const boost::json::value header = boost::json::parse({kTwo.data(), kTwo.size()});
  constexpr int kNumFiles = 4000;
  Rng rng(1);
  int num_read = 0;
  for (int i = 0; i < kNumFiles; ++i) {
    const std::string changed = boost::json::serialize(mutated_json(header, rng));
    num_read += is_handled(mutated_text(bytes, rng)) ? 1 : 0;
    num_read += is_handled(safetensors_bytes(changed, 40)) ? 1 : 0;
    num_read += is_handled(safetensors_bytes(mutated_text(std::string(kTwo), rng), 40)) ? 1 : 0;
  }
  EXPECT_GT(num_read, 0);
  EXPECT_LT(num_read, 3 * kNumFiles);
}

TEST(SafetensorsTest, ANameCannotCommandATerminal) {
  EXPECT_EQ(refusal("{\"\\u001b[2J" + std::string(200, 'x') + "\":0}"),
            "m.safetensors: tensor ?[2J" + std::string(116, 'x') +
                "... has no proper dtype, shape and data_offsets");
}

}  // namespace
}  // namespace unmask::checkpoint
