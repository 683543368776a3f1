/// Logits, hidden states and routing of every golden case, on 1, 2, 4 and 8 workers.

#include "tests/golden/golden_logits.h"

#include <gmock/gmock.h>

#include "tests/golden/golden_files.h"
#include "tests/golden/worker_group.h"

namespace unmask {
namespace {

using golden::WorkerGroup;

const std::vector<std::string>& models() {
  static const std::vector<std::string> names = {"moe_mha",    "moe_mha_bf16_sharded",
                                                 "moe_gqa",    "moe_tied_renorm",
                                                 "moe_smooth", "llada-mha",
                                                 "llada-gqa",  "llada2-a",
                                                 "llada2-b",   "llada2-b-bf16"};
  return names;
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
    const auto expected = golden::read_logits(cases_ / file);
    ASSERT_TRUE(expected.contains("tokens"));
    const auto tokens = golden::as_ids(expected.at("tokens"));
    const auto tensors = worker.forward(tokens, golden::causal_block_length(file));
    golden::expect_agreement(tensors.front(), expected);
  }
}

TEST_P(GoldenLogitsTest, AreTheSameBytesOnAnyNumberOfWorkers) {
  WorkerGroup alone(model_, 1);
  for (const int num_ranks : {2, 4, 8}) {
    WorkerGroup group(model_, num_ranks);
    for (const std::string& file : golden::files_below(cases_)) {
      SCOPED_TRACE(file + " on " + std::to_string(num_ranks) + " workers");
      const auto tokens = golden::as_ids(golden::read_logits(cases_ / file).at("tokens"));
      const std::int32_t length = golden::causal_block_length(file);
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
