#include "runtime/cli/bench/load_comparison.h"

#include <gmock/gmock.h>

#include "runtime/cli/bench/load_json.h"
#include "tests/unit/runtime/cli/bench/measured_load.h"

namespace unmask::cli {
namespace {

using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;

std::vector<std::string> worse_of(const LoadRun& before, const LoadRun& after) {
  std::vector<std::string> names;
  const auto comparison = compare_loads(to_json(before), to_json(after), 0.05);
  for (const ComparedFigure& figure : comparison->figures) {
    if (figure.is_worse) names.push_back(figure.name);
  }
  return names;
}

TEST(LoadComparisonTest, ARunIsNoWorseThanItself) {
  const LoadRun run = three_requests();
  const auto comparison = compare_loads(to_json(run), to_json(run), 0.05);
  ASSERT_TRUE(comparison);
  EXPECT_TRUE(comparison->remarks.empty());
  EXPECT_THAT(to_text(*comparison, 0.05), EndsWith("nothing is worse by more than 5 %\n"));
}

TEST(LoadComparisonTest, NamesWhatIsWorse) {
  LoadRun after = three_requests();
  after.figures.tokens_per_s *= 0.94;
  after.figures.requests_per_s *= 0.96;  // within the tolerance
  after.figures.latencies[1].milliseconds.mean *= 1.06;
  const auto comparison = compare_loads(to_json(three_requests()), to_json(after), 0.05);
  EXPECT_THAT(to_text(*comparison, 0.05),
              EndsWith("the second run is worse in output_throughput, mean_ttft_ms by more than "
                       "5 %\n"));
  EXPECT_TRUE(worse_of(after, three_requests()).empty()) << "the other way it is better";
}

TEST(LoadComparisonTest, AMillisecondIsNoise) {
  LoadRun before = three_requests(), after = before;
  before.figures.latencies[0].milliseconds.mean = 0.1;
  after.figures.latencies[0].milliseconds.mean = 0.9;
  EXPECT_TRUE(worse_of(before, after).empty());
}

TEST(LoadComparisonTest, FailuresWhereThereWereNoneAreWorse) {
  LoadRun before = three_requests();
  before.figures.num_failed = 0;
  EXPECT_THAT(worse_of(before, three_requests()), Contains("failed"));
}

TEST(LoadComparisonTest, SaysWhatMakesItUnfair) {
  LoadRun after = three_requests();
  after.rate = 4;
  after.is_interrupted = true;
  const std::string text =
      to_text(*compare_loads(to_json(three_requests()), to_json(after), 0.05), 0.05);
  EXPECT_THAT(text, HasSubstr("note: the runs differ in request_rate\n"));
  EXPECT_THAT(text, HasSubstr("note: the second run was interrupted\n"));
}

TEST(LoadComparisonTest, RefusesWhatIsNoRun) {
  const std::string run = to_json(three_requests());
  EXPECT_THAT(compare_loads("{}", run, 0.05).error().message, HasSubstr("the first run is no run"));
  EXPECT_THAT(compare_loads(run, "[", 0.05).error().message, HasSubstr("the second run is no run"));
}

}  // namespace
}  // namespace unmask::cli
