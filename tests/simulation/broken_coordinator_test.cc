#include <gmock/gmock.h>

#include "tests/simulation/sabotage.h"
#include "tests/simulation/simulated_run.h"

namespace unmask::simulation {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// The checks of a simulation find a coordinator that breaks a promise.
class BrokenCoordinatorTest : public testing::Test {
 protected:
  /// All that is found over a few seeds; every one of them has to show something.
  std::vector<std::string> found(Sabotage (*sabotage)()) {
    std::vector<std::string> all;
    for (const std::uint64_t seed : {2, 4, 5}) {
      EXPECT_THAT(simulator.run(seed).violations, IsEmpty()) << "seed " << seed << " by itself";
      const std::vector<std::string> some = simulator.run(seed, sabotage()).violations;
      EXPECT_THAT(some, Not(IsEmpty())) << "seed " << seed;
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  Simulator simulator;
};

TEST_F(BrokenCoordinatorTest, ABlockThatIsCommittedTwiceIsFound) {
  EXPECT_THAT(found(commits_a_block_twice), Contains(HasSubstr("has other tokens than alone")));
}

TEST_F(BrokenCoordinatorTest, AnEndThatIsNeverToldIsFound) {
  EXPECT_THAT(found(loses_a_finished), Contains(HasSubstr("it ended 0 times")));
}

TEST_F(BrokenCoordinatorTest, AStaleResultThatIsAppliedIsFound) {
  EXPECT_THAT(found(applies_a_stale_result), Contains(HasSubstr("it has other tokens than alone")));
}

TEST_F(BrokenCoordinatorTest, ASequenceThatIsNeverClosedIsFound) {
  EXPECT_THAT(found(forgets_to_close_sequences),
              Contains(AnyOf(HasSubstr("keep pages on workers"), HasSubstr("step refused"))));
}

TEST_F(BrokenCoordinatorTest, BlocksOfAnotherJobAreFound) {
  EXPECT_THAT(found(mixes_two_jobs_up), Contains(HasSubstr("has other tokens than alone")));
}

}  // namespace
}  // namespace unmask::simulation
