#include "tests/unit/actors/coordinator/coordinator_fixture.h"

namespace unmask::actors {
namespace {

using StepsTest = CoordinatorFixture;

TEST_F(StepsTest, AJobJoinsAtTheNextStepInTheMiddleOfAnothersBlock) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  deliver(kGateway, job(2));
  EXPECT_THAT(steps(), SizeIs(1)) << "one step at a time";
  StepResult half = answer(last_step());
  half.sequences[0].candidates.logit[1] = -3;
  deliver(worker(0, 0), half);
  ASSERT_THAT(steps(), SizeIs(2));
  EXPECT_THAT(last_step().sequences, SizeIs(2));
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
}

TEST_F(StepsTest, NoStepIsSentForAnEmptyBatch) {
  replica_up(0, 1);
  EXPECT_THAT(steps(), IsEmpty());
  deliver(kGateway, job(1, 2));
  finish_step();
  EXPECT_EQ(finished(1).reason, FinishReason::kLength);
  EXPECT_THAT(steps(), SizeIs(1));
}

TEST_F(StepsTest, SequenceNumbersCountUpWithinAnEpoch) {
  replica_up(0, 3, 2);
  deliver(kGateway, job(1));
  EXPECT_EQ(last_step().seq, 1u);
  EXPECT_EQ(last_step().epoch, 3u);
  EXPECT_THAT(steps(0, 1), SizeIs(1));
  for (const int rank : {0, 1}) deliver(worker(0, rank), answer(last_step()));
  EXPECT_EQ(last_step().seq, 2u);
}

TEST_F(StepsTest, ARowBudgetThatIsShortStarvesNobody) {
  replica_up(0, 1, 1, {100, 16, 20, 400, 0, 0});
  deliver(kGateway, job(1, 12));  // 14 rows in every step: no two find room together
  deliver(kGateway, job(2, 12));
  deliver(kGateway, job(3, 12));
  std::map<SequenceId, int> turns;
  for (int i = 0; i < 18; ++i) {
    ASSERT_THAT(last_step().sequences, SizeIs(1));
    ++turns[last_step().sequences[0].sequence];
    finish_step();
  }
  EXPECT_THAT(turns, SizeIs(3));
  EXPECT_THAT(to_gateway<Finished>(), SizeIs(3));
}

TEST_F(StepsTest, RulesThatFillAStepStarveNobody) {
  options.model.vocab_size = 1 << 15;
  replica_up(0, 1);
  std::vector<std::int32_t> ids;
  for (std::int32_t id = 101; id < 16'000; ++id) ids.push_back(id);
  for (int i = 1; i <= 40; ++i) {
    Admit ruled = job(i);
    ruled.input = {{1, 2, 0, 0, 0, 0}, {{2, 6}}, {ids, {}}};
    deliver(kGateway, ruled);
  }
  std::size_t most = 0;
  for (int i = 0; i < 10 && to_gateway<Finished>().size() < 40; ++i) {
    most = std::max(most, last_step().sequences.size());
    finish_step();
  }
  EXPECT_EQ(most, 32u) << "of 2^19 ids, of which each job has 15,900";
  EXPECT_THAT(to_gateway<Finished>(), SizeIs(40));
}

TEST_F(StepsTest, StaleAnswersAreDroppedAndCounted) {
  replica_up(0, 2, 2);
  deliver(kGateway, job(1));
  StepResult stale = answer(last_step());
  stale.epoch = 1;
  deliver(worker(0, 0), stale);
  StepResult other_seq = answer(last_step());
  other_seq.seq = 9;
  deliver(worker(0, 0), other_seq);
  deliver(PeerId(55), answer(last_step()));
  deliver(worker(0, 0), answer(last_step()));
  deliver(worker(0, 0), answer(last_step()));  // twice
  EXPECT_EQ(bed.metrics().value("unmask_stale_messages_total"), 4);
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
  deliver(worker(0, 1), answer(last_step()));
  EXPECT_THAT(to_gateway<Committed>(), SizeIs(1));
}

TEST_F(StepsTest, WorkersThatDisagreeGetNoMoreStepsAndNothingOfThatStepCounts) {
  replica_up(0, 1, 2);
  deliver(kGateway, job(1));
  StepResult other = answer(last_step());
  deliver(worker(0, 0), other);
  other.digest ^= 1;
  other.sequences.clear();
  deliver(worker(0, 1), other);
  ASSERT_THAT(broken.received, SizeIs(1));
  EXPECT_THAT(broken.received[0].silent, IsEmpty());
  EXPECT_THAT(broken.received[0].reason, HasSubstr("different candidates"));
  deliver(kGateway, job(2));
  EXPECT_THAT(steps(), SizeIs(1));
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
  deliver(ReplicaDown{0, 1, "its workers computed different candidates"});
  replica_up(0, 2, 2);
  EXPECT_THAT(last_step().sequences, SizeIs(2)) << "both go on";
}

TEST_F(StepsTest, ARefusedSequenceEndsItsJobAlone) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  deliver(kGateway, job(2));
  finish_step();
  ASSERT_THAT(last_step().sequences, SizeIs(2));
  StepResult result = answer(last_step());
  result.sequences[0].candidates = {};
  result.sequences[0].refusal = Error{ErrorCode::kInvalidArgument, "makes no sense"};
  deliver(worker(0, 0), result);
  EXPECT_THAT(broken.received, IsEmpty());
  EXPECT_EQ(finished(1).reason, FinishReason::kError);
  EXPECT_THAT(finished(1).error->message, HasSubstr("makes no sense"));
  EXPECT_THAT(last_step().closed, SizeIs(1));
  while (to_gateway<Finished>().size() < 2) finish_step();
  EXPECT_EQ(finished(2).reason, FinishReason::kLength);
}

TEST_F(StepsTest, AnAnswerForOtherSequencesIsTakenAsABrokenWorker) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  StepResult other = answer(last_step());
  other.sequences[0].sequence += 1;
  deliver(worker(0, 0), other);
  EXPECT_THAT(broken.received, SizeIs(1));
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
}

TEST_F(StepsTest, AStepThatTakesTooLongNamesTheSilentWorkersUntilSomebodyActs) {
  options.step_timeout = 5s;
  replica_up(0, 1, 3);
  deliver(kGateway, job(1));
  deliver(worker(0, 1), answer(last_step()));
  bed.advance(5s);
  ASSERT_THAT(broken.received, SizeIs(1));
  EXPECT_THAT(broken.received[0].silent, ElementsAre(worker(0, 0), worker(0, 2)));
  EXPECT_THAT(broken.received[0].reason, HasSubstr("5000 ms on 2 workers"));
  bed.advance(5s);
  EXPECT_THAT(broken.received, SizeIs(2)) << "the first report may have been lost";
  deliver(ReplicaDown{0, 1, "over"});
  bed.advance(1min);
  EXPECT_THAT(broken.received, SizeIs(2));
}

// ---- Replicas ----

using ReplicaLossTest = CoordinatorFixture;

TEST_F(ReplicaLossTest, JobsOfALostReplicaGoOnBeforeThoseThatWait) {
  options.max_running = 1;
  replica_up(0, 1);
  deliver(kGateway, job(1));
  deliver(kGateway, job(2));
  finish_step();
  ASSERT_THAT(to_gateway<Committed>(), SizeIs(1));
  const Step lost = last_step();
  deliver(ReplicaDown{0, 1, "worker 0 of replica 0 was declared dead: no heartbeat"});
  EXPECT_THAT(to_gateway<Finished>(), IsEmpty());
  const std::vector<Queued> told = to_gateway<Queued>();
  EXPECT_TRUE(std::ranges::any_of(told, [](const Queued& note) {
    return note.job == job_id(1) && note.reason.find("declared dead") != std::string::npos &&
           note.reason.find("goes on behind block 1") != std::string::npos;
  }));
  EXPECT_EQ(bed.metrics().value("unmask_jobs_taken_back_total"), 1);

  replica_up(0, 2);
  EXPECT_EQ(last_step().epoch, 2u);
  ASSERT_THAT(last_step().sequences, SizeIs(1));
  EXPECT_EQ(last_step().sequences[0].window.decoded, lost.sequences[0].window.decoded);
  finish_step();
  EXPECT_EQ(finished(1).reason, FinishReason::kLength);
  EXPECT_THAT(finished(1).tokens, ElementsAre(12, 13, 14, 15));
  EXPECT_EQ(finished(1).figures.forwards, 2);
  while (to_gateway<Finished>().size() < 2) finish_step();
  EXPECT_EQ(finished(2).reason, FinishReason::kLength);
}

TEST_F(ReplicaLossTest, AHealthyReplicaTakesTheJobsOfALostOne) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  replica_up(1, 2);
  deliver(ReplicaDown{0, 1, "gone"});
  EXPECT_THAT(last_step(1).sequences, SizeIs(1));
  finish_step(1);
  finish_step(1);
  EXPECT_EQ(finished(1).reason, FinishReason::kLength);
}

TEST_F(ReplicaLossTest, AJobThatTwiceTookItsGroupDownInABlockIsPoison) {
  options.max_running = 1;
  replica_up(0, 1);
  deliver(kGateway, job(1));
  deliver(kGateway, job(2));
  deliver(ReplicaDown{0, 1, "its device failed"});
  replica_up(0, 2);
  deliver(ReplicaDown{0, 2, "its device failed again"});
  EXPECT_EQ(finished(1).reason, FinishReason::kError);
  EXPECT_EQ(finished(1).error->code, ErrorCode::kInternal);
  EXPECT_THAT(finished(1).error->message,
              AllOf(HasSubstr("poison"), HasSubstr("its device failed again")));
  replica_up(0, 3);
  finish_step();
  finish_step();
  EXPECT_EQ(finished(2).reason, FinishReason::kLength);
}

TEST_F(ReplicaLossTest, ABlockInBetweenClearsAJob) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 6));
  for (const Epoch epoch : {1, 2}) {
    finish_step();
    deliver(ReplicaDown{0, epoch, "gone"});
    replica_up(0, epoch + 1);
  }
  finish_step();
  EXPECT_EQ(finished(1).reason, FinishReason::kLength);
}

TEST_F(ReplicaLossTest, AJobThatIsLostOnItsWayBackSendsNoBlockTwice) {
  replica_up(0, 1, 1, {100, 16, 400, 400, 0, 0, 100});
  Admit smoothed = job(1, 8);  // which has to begin at its first block
  smoothed.parameters.push_back({"smoothing", "true"});
  deliver(kGateway, smoothed);
  for (int i = 0; i < 3; ++i) finish_step();
  for (const Epoch epoch : {1, 2}) {
    deliver(ReplicaDown{0, epoch, "gone"});
    replica_up(0, epoch + 1, 1, {100, 16, 400, 400, 0, 0, 100});
    finish_step();
  }
  while (to_gateway<Finished>().empty()) finish_step();
  EXPECT_EQ(finished(1).reason, FinishReason::kLength);
  const std::vector<Committed> blocks = to_gateway<Committed>();
  ASSERT_THAT(blocks, SizeIs(4));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(blocks[std::size_t(i)].block, i);
    EXPECT_THAT(blocks[std::size_t(i)].tokens, ElementsAre(12 + 2 * i, 13 + 2 * i));
  }
}

TEST_F(ReplicaLossTest, ATracedJobEndsWithItsReplica) {
  Admit traced = job(1);
  traced.subscription.trace = true;
  replica_up(0, 1);
  deliver(kGateway, traced);
  deliver(ReplicaDown{0, 1, "gone"});
  EXPECT_EQ(finished(1).reason, FinishReason::kError);
  EXPECT_EQ(finished(1).error->code, ErrorCode::kUnavailable);
}

TEST_F(ReplicaLossTest, AJobWithoutACacheNeedsNoPages) {
  replica_up(0, 1, 1, {0, 16, 400, 400, 0, 0});
  Admit uncached = job(1);
  uncached.parameters.back() = {"cache", "none"};
  deliver(kGateway, uncached);
  EXPECT_THAT(last_step().sequences, SizeIs(1));
  deliver(kGateway, job(2));
  EXPECT_THAT(rejection(), AllOf(HasSubstr("the KV cache holds 0"), HasSubstr("--cache none")));
}

TEST_F(ReplicaLossTest, ADownOfAnEarlierEpochIsOld) {
  replica_up(0, 2);
  deliver(kGateway, job(1));
  deliver(ReplicaDown{0, 1, "old"});
  EXPECT_THAT(to_gateway<Finished>(), IsEmpty());
}

TEST_F(ReplicaLossTest, ANewEpochEndsTheOldOneThoughItsDownWasNeverHeard) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  const Step old = last_step();
  replica_up(0, 2);
  EXPECT_EQ(last_step().epoch, 2u);
  deliver(worker(0, 0), answer(old));
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
}

TEST_F(ReplicaLossTest, OneReplicaIsLostAndTheOtherGoesOn) {
  replica_up(0, 1);
  replica_up(1, 2);
  for (int i = 1; i <= 4; ++i) deliver(kGateway, job(i, 20));
  EXPECT_THAT(steps(0), SizeIs(1));
  EXPECT_THAT(steps(1), SizeIs(1));
  deliver(ReplicaDown{0, 1, "gone"});
  while (to_gateway<Finished>().size() < 4) finish_step(1);
  for (const Finished& end : to_gateway<Finished>()) {
    EXPECT_EQ(end.reason, FinishReason::kLength);
    EXPECT_EQ(end.figures.forwards, 10);
  }
}

}  // namespace
}  // namespace unmask::actors
