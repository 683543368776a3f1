#include "model/diffusion/burst.h"
#include "tests/unit/actors/coordinator/coordinator_fixture.h"

namespace unmask::actors {
namespace {

/// Jobs whose block takes a forward per hole.
class BurstTest : public CoordinatorFixture {
 protected:
  BurstTest() { options.burst = 20; }

  static Admit slow_job(int number, std::int32_t gen_length = 4) {
    Admit admit = job(number, gen_length);
    admit.parameters = {{"gen_length", std::to_string(gen_length)},
                        {"block_length", "4"},
                        {"cache", "none"},
                        {"strategy", "fixed"},
                        {"steps", "4"}};
    return admit;
  }

  /// What honest workers answer to a step, forward after forward, until they stop.
  static std::vector<StepResult> answers_of(const Step& first) {
    std::vector<StepResult> answers;
    auto burst = *diffusion::Burst::of(first);
    for (std::optional<Step> step = first; step;) {
      StepResult result = answer(*step);
      std::optional<Step> next = burst.next(result);
      burst.sign(result, next.has_value());
      answers.push_back(std::move(result));
      step = std::move(next);
    }
    return answers;
  }
};

TEST_F(BurstTest, WorkersAreAskedOnceForABlock) {
  replica_up(0, 1);
  deliver(kGateway, slow_job(1, 8));
  ASSERT_THAT(steps(), SizeIs(1));
  EXPECT_EQ(last_step().burst, 20);
  const std::vector<StepResult> answers = answers_of(last_step());
  ASSERT_THAT(answers, SizeIs(4));
  for (std::size_t i = 0; i < 3; ++i) deliver(worker(0, 0), answers[i]);
  EXPECT_THAT(steps(), SizeIs(1));
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
  deliver(worker(0, 0), answers[3]);
  EXPECT_THAT(to_gateway<Committed>(), SizeIs(1));
  ASSERT_THAT(steps(), SizeIs(2));
  EXPECT_EQ(last_step().seq, 5u);
  for (const StepResult& result : answers_of(last_step())) deliver(worker(0, 0), result);
  EXPECT_EQ(finished(1).tokens, (std::vector<std::int32_t>{12, 13, 14, 15, 16, 17, 18, 19}));
  EXPECT_EQ(finished(1).figures.forwards, 8);
  EXPECT_EQ(bed.metrics().value("unmask_burst_steps_total", {}), 6);
}

TEST_F(BurstTest, ARankMayBeAheadOfAnother) {
  replica_up(0, 1, 2);
  deliver(kGateway, slow_job(1));
  const std::vector<StepResult> answers = answers_of(last_step());
  for (const StepResult& result : answers) deliver(worker(0, 0), result);
  EXPECT_THAT(to_gateway<Finished>(), IsEmpty());
  for (const StepResult& result : answers) deliver(worker(0, 1), result);
  EXPECT_EQ(finished(1).tokens, (std::vector<std::int32_t>{12, 13, 14, 15}));
}

TEST_F(BurstTest, WorkersThatDecideOtherwiseAreBroken) {
  replica_up(0, 1);
  deliver(kGateway, slow_job(1));
  std::vector<StepResult> answers = answers_of(last_step());
  deliver(worker(0, 0), answers[0]);
  answers[1].sequences[0].asked ^= 1;
  deliver(worker(0, 0), answers[1]);
  ASSERT_THAT(broken.received, SizeIs(1));
  EXPECT_THAT(broken.received[0].reason, HasSubstr("another step than was due"));
}

TEST_F(BurstTest, WorkersThatGoOnBehindTheEndAreBroken) {
  replica_up(0, 1);
  deliver(kGateway, slow_job(1));
  std::vector<StepResult> answers = answers_of(last_step());
  answers[3].goes_on = true;
  for (const StepResult& result : answers) deliver(worker(0, 0), result);
  EXPECT_EQ(finished(1).reason, FinishReason::kLength);
  ASSERT_THAT(broken.received, SizeIs(1));
  EXPECT_THAT(broken.received[0].reason, HasSubstr("another step than was due"));
  deliver(kGateway, slow_job(2));
  EXPECT_THAT(steps(), SizeIs(1)) << "they get no step any more";
}

TEST_F(BurstTest, AJobThatComesEndsABurstAndJoinsAfterwards) {
  replica_up(0, 1, 2);
  deliver(kGateway, slow_job(1));
  const Step first = last_step();
  auto burst = *diffusion::Burst::of(first);
  StepResult result = answer(first);
  const Step second = *burst.next(result);
  burst.sign(result, true);
  for (const int rank : {0, 1}) deliver(worker(0, rank), result);
  deliver(kGateway, slow_job(2));
  for (const int rank : {0, 1}) {
    const std::vector<EndBurst> ends = sent_to<EndBurst>(wire, worker(0, rank));
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].epoch, 1u);
    EXPECT_EQ(ends[0].seq, first.seq);
  }
  EXPECT_THAT(steps(), SizeIs(1));
  StepResult last = answer(second);
  (void)burst.next(last);
  burst.sign(last, false);
  for (const int rank : {0, 1}) deliver(worker(0, rank), last);
  ASSERT_THAT(steps(), SizeIs(2));
  EXPECT_THAT(last_step().sequences, SizeIs(2));
  EXPECT_EQ(last_step().seq, 3u);
}

TEST_F(BurstTest, ACancelledJobEndsABurstWhoseAnswersAreNobodys) {
  replica_up(0, 1);
  deliver(kGateway, slow_job(1));
  deliver(kGateway, slow_job(2));
  const Step alone = last_step();
  std::vector<StepResult> answers = answers_of(alone);
  answers[0].goes_on = false;
  deliver(worker(0, 0), answers[0]);
  const Step both = last_step();
  ASSERT_THAT(both.sequences, SizeIs(2));
  deliver(kGateway, Cancel{job_id(1)});
  EXPECT_THAT(sent_to<EndBurst>(wire, worker(0, 0)), Not(IsEmpty()));
  for (const StepResult& result : answers_of(both)) deliver(worker(0, 0), result);
  EXPECT_EQ(finished(1).reason, FinishReason::kCancelled);
  EXPECT_THAT(broken.received, IsEmpty());
  EXPECT_THAT(last_step().closed, ElementsAre(alone.sequences[0].sequence));
}

TEST_F(BurstTest, ThereIsNoneWhileJobsWaitOrManyRun) {
  options.max_running = 1;
  replica_up(0, 1);
  deliver(kGateway, slow_job(1, 8));
  deliver(kGateway, slow_job(2));
  StepResult first = answers_of(last_step()).front();
  first.goes_on = false;
  deliver(worker(0, 0), first);
  EXPECT_EQ(last_step().burst, 1);
  EXPECT_THAT(last_step().sequences[0].loop, IsEmpty());
}

}  // namespace
}  // namespace unmask::actors
