/// Logits, hidden states and routing of every golden case, on 1, 2, 4 and 8 workers.

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <span>

#include "model/checkpoint/mapped_file.h"
#include "tests/golden/golden_files.h"
#include "tests/golden/worker_group.h"

namespace unmask {
namespace {

using golden::WorkerGroup;

/// A tensor of a golden file or of a forward, as bit patterns.
using Bits = std::vector<std::uint32_t>;

const std::vector<std::string>& models() {
  static const std::vector<std::string> names = {"moe_mha",    "moe_mha_bf16_sharded",
                                                 "moe_gqa",    "moe_tied_renorm",
                                                 "moe_smooth", "llada-mha",
                                                 "llada-gqa",  "llada2-a",
                                                 "llada2-b",   "llada2-b-bf16"};
  return names;
}

/// A golden file of logits.
std::map<std::string, Bits> read_case(const std::filesystem::path& path) {
  std::map<std::string, Bits> tensors;
  const auto file = MappedFile::open(path);
  if (!file) return tensors;
  const auto stored = parse_safetensors(file->bytes(), path.string());
  if (!stored) return tensors;
  for (const auto& [name, tensor] : *stored) {
    Bits bits(tensor.data.size() / 4);
    std::memcpy(bits.data(), tensor.data.data(), bits.size() * 4);
    tensors[name] = std::move(bits);
  }
  return tensors;
}

std::vector<std::int32_t> as_ids(const Bits& bits) {
  std::vector<std::int32_t> ids;
  for (const std::uint32_t word : bits) ids.push_back(std::bit_cast<std::int32_t>(word));
  return ids;
}

/// Of block-causal attention, as the case's name ends: n032-b16. 0: every row sees all.
std::int32_t causal_block_length(const std::string& file) {
  const std::size_t at = file.find("-b");
  return at == std::string::npos ? 0 : std::stoi(file.substr(at + 2));
}

/// The largest difference, and the largest number of the reference.
std::pair<float, float> compare(const Bits& ours, const Bits& reference) {
  if (ours.size() != reference.size()) return {INFINITY, 0.0f};
  float difference = 0, largest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto expected = std::bit_cast<float>(reference[i]);
    const float delta = std::abs(std::bit_cast<float>(ours[i]) - expected);
    difference = delta <= difference ? difference : delta;  // a NaN stays
    largest = std::max(largest, std::abs(expected));
  }
  return {difference, largest};
}

class GoldenLogitsTest : public testing::TestWithParam<std::string> {
 protected:
  const std::filesystem::path cases_ = golden::golden_dir() / "logits" / GetParam();
  const std::filesystem::path model_ = golden::golden_dir() / "models" / GetParam();
};

TEST_P(GoldenLogitsTest, AreThoseOfTheReference) {
  WorkerGroup worker(model_, 1);
  const std::vector<std::string> files = golden::files_below(cases_);
  ASSERT_FALSE(files.empty());
  for (const std::string& file : files) {
    SCOPED_TRACE(file);
    const auto expected = read_case(cases_ / file);
    ASSERT_TRUE(expected.contains("tokens"));
    const auto tensors =
        worker.forward(as_ids(expected.at("tokens")), causal_block_length(file)).front();
    ASSERT_EQ(tensors.size() + 1, expected.size());  // all but the tokens
    for (const TensorRows& tensor : tensors) {
      ASSERT_TRUE(expected.contains(tensor.name)) << tensor.name;
      const Bits& reference = expected.at(tensor.name);
      if (tensor.is_integer) {
        EXPECT_EQ(tensor.data, reference) << tensor.name;
        continue;
      }
      const auto [difference, largest] = compare(tensor.data, reference);
      EXPECT_LE(difference, 1e-4f * largest) << tensor.name;
    }
  }
}

TEST_P(GoldenLogitsTest, AreTheSameBytesOnAnyNumberOfWorkers) {
  WorkerGroup alone(model_, 1);
  for (const int num_ranks : {2, 4, 8}) {
    WorkerGroup group(model_, num_ranks);
    for (const std::string& file : golden::files_below(cases_)) {
      SCOPED_TRACE(file + " on " + std::to_string(num_ranks) + " workers");
      const auto tokens = as_ids(read_case(cases_ / file).at("tokens"));
      const std::int32_t length = causal_block_length(file);
      const auto expected = alone.forward(tokens, length).front();
      for (const auto& tensors : group.forward(tokens, length)) {
        ASSERT_EQ(tensors.size(), expected.size());
        for (std::size_t i = 0; i < tensors.size(); ++i) {
          EXPECT_TRUE(tensors[i].data == expected[i].data) << tensors[i].name;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenLogitsTest, testing::ValuesIn(models()),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace unmask
