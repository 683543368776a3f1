#include "tests/simulation/checks.h"

#include <gmock/gmock.h>

namespace unmask::simulation {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// One job of a deadly scenario, and what is said of its history.
class ChecksTest : public testing::Test {
 protected:
  ChecksTest() {
    scenario.is_deadly = true;
    scenario.jobs.resize(1);
    job().submitted = Time(10s);
    job().ended = Time(12s);
  }
  JobHistory& job() { return history.jobs[scenario.jobs[0].id]; }
  void stream(const std::vector<std::int32_t>& tokens) {
    const auto number = std::int32_t(job().blocks.size());
    job().blocks.push_back({scenario.jobs[0].id, number, {}, tokens, {}});
    answer.blocks.push_back(tokens);
    answer.tokens.insert(answer.tokens.end(), tokens.begin(), tokens.end());
  }
  void end(actors::FinishReason reason, std::optional<Error> error = std::nullopt) {
    actors::Finished finished;
    finished.reason = reason;
    finished.error = std::move(error);
    finished.tokens = answer.tokens;
    finished.figures.blocks = std::int32_t(job().blocks.size());
    finished.figures.tokens = std::int32_t(finished.tokens.size());
    job().ends = {finished};
  }
  void lose_the_group_twice() {
    end(actors::FinishReason::kError, Error{ErrorCode::kInternal, "poison: rank 2 is gone"});
  }
  [[nodiscard]] std::vector<std::string> found() const {
    return violations(scenario, history, {answer});
  }

  Scenario scenario;
  History history;
  ExpectedAnswer answer;
};

// ---- Jobs that end before their time ----

/// The first of two blocks is all that a cancelled job's end knows.
class ForgottenBlockTest : public ChecksTest {
 protected:
  ForgottenBlockTest() {
    stream({1, 2});
    job().was_cancelled = true;
    end(actors::FinishReason::kCancelled);
    stream({3});
  }
};

TEST_F(ForgottenBlockTest, IsFoundWhileSomebodyRemembersIt) {
  job().resumes_by_itself = true;
  history.gateway_ends = {Time(11s)};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("it ended with 1 blocks, 2 were streamed")));
  history.gateway_ends = {};
  history.coordinator_ends = {Time(11s)};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("it ended with 1 blocks, 2 were streamed")));
}

TEST_F(ForgottenBlockTest, IsFoundIfALibraryFollowedTheJob) {
  history.gateway_ends = history.coordinator_ends = {Time(11s)};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("it ended with 1 blocks, 2 were streamed")));
}

TEST_F(ForgottenBlockTest, IsItsClientsToRememberOnceNobodyElseDoes) {
  job().resumes_by_itself = true;
  history.gateway_ends = history.coordinator_ends = {Time(11s)};
  EXPECT_THAT(found(), IsEmpty());
  job().ends[0].tokens = {1, 3};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("its tokens are not those of its blocks")));
}

// ---- Jobs whose workers were lost ----

TEST_F(ChecksTest, AJobMayEndAsPoisonIfTwoWorkersWereLost) {
  lose_the_group_twice();
  history.worker_ends = {Time(11s)};
  history.deaths = {Time(11500ms)};
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(ChecksTest, AJobThatEndsAsPoisonAfterOneLossIsFound) {
  lose_the_group_twice();
  history.worker_ends = {Time(11s)};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("its workers were not lost twice")));
}

TEST_F(ChecksTest, WorkersThatEndAfterAJobOrLongBeforeItAreNoReasonToLoseIt) {
  lose_the_group_twice();
  history.worker_ends = {Time(1s), Time(13s)};
  history.deaths = {Time(4s), Time(13s)};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("its workers were not lost twice")));
}

TEST_F(ChecksTest, AJobThatEndsWithItsWorkersIsFound) {
  end(actors::FinishReason::kError, Error{ErrorCode::kUnavailable, "rank 2 is gone"});
  history.worker_ends = {Time(11s), Time(11s)};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("its workers were not lost twice")));
}

TEST_F(ChecksTest, AWorkerThatEndsByItselfInACalmScenarioIsFound) {
  stream({1});
  end(actors::FinishReason::kLength);
  scenario.is_deadly = false;
  history.worker_ends = {Time(11s)};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("1 workers ended though nothing ended them")));
}

}  // namespace
}  // namespace unmask::simulation
