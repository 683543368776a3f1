#include "actors/coordinator/coordinator.h"

#include "tests/unit/actors/coordinator/coordinator_fixture.h"

namespace unmask::actors {
namespace {

// ---- Admission ----

using AdmissionTest = CoordinatorFixture;

TEST_F(AdmissionTest, AJobIsAcceptedWithTheFiguresOfItsCanvas) {
  deliver(kGateway, job(1));
  const std::vector<Accepted> accepted = to_gateway<Accepted>();
  ASSERT_THAT(accepted, SizeIs(1));
  EXPECT_FALSE(accepted[0].is_resend);
  EXPECT_EQ(accepted[0].prompt_tokens, 2);
  EXPECT_EQ(accepted[0].canvas_length, 6);
}

/// Of a block-causal model, in blocks of four.
Admit edited_job(int number, std::int32_t gen_length) {
  Admit admit;
  admit.job = job_id(number);
  admit.body_digest = std::uint64_t(number);
  admit.input.tokens = {1, 2};
  admit.parameters = {{"gen_length", std::to_string(gen_length)},
                      {"block_length", "4"},
                      {"strategy", "joint_threshold"},
                      {"driver", "llada2_edit"},
                      {"cache", "none"}};
  return admit;
}

TEST_F(AdmissionTest, ACanvasWhoseLastBlockIsMadeWholeIsMeasuredWithIt) {
  options.model.vocabulary.is_block_causal = true;
  options.model.max_positions = 10;
  deliver(kGateway, edited_job(1, 6));
  ASSERT_THAT(to_gateway<Accepted>(), SizeIs(1));
  EXPECT_EQ(to_gateway<Accepted>()[0].canvas_length, 8);
  deliver(kGateway, edited_job(2, 7));
  EXPECT_THAT(rejection(), HasSubstr("make 12 positions, the model has 10"));
}

TEST_F(AdmissionTest, ParametersThatContradictTheModelAreRefusedWithBothSides) {
  deliver(kGateway, edited_job(1, 6));
  EXPECT_EQ(rejection(),
            "driver llada2_edit is for block-causal attention, that of the model is full");
}

TEST_F(AdmissionTest, ABlockIsCommittedWhenItsEditingIsOverAndWithoutWhatNobodyAskedFor) {
  options.model.vocabulary.is_block_causal = true;
  replica_up(0, 1);
  deliver(kGateway, edited_job(1, 5));
  finish_step();
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty()) << "all holes are filled, and may be edited";
  for (int i = 0; i < 3; ++i) finish_step();
  const std::vector<Committed> blocks = to_gateway<Committed>();
  ASSERT_THAT(blocks, SizeIs(2));
  EXPECT_THAT(blocks[0].tokens, ElementsAre(12, 13));
  EXPECT_THAT(blocks[1].tokens, ElementsAre(14, 15, 16)) << "17 completes the block";
  EXPECT_THAT(finished(1).tokens, ElementsAre(12, 13, 14, 15, 16));
  EXPECT_EQ(finished(1).figures.tokens, 5);
}

TEST_F(AdmissionTest, AJobThatWaitsIsToldItsPlaceAfterItsAcceptance) {
  deliver(kGateway, job(1));
  deliver(kGateway, job(2));
  ASSERT_THAT(wire.received, SizeIs(4));
  EXPECT_TRUE(std::holds_alternative<Accepted>(wire.received[2].message));
  const Queued& queued = std::get<Queued>(wire.received[3].message);
  EXPECT_EQ(queued.job, job_id(2));
  EXPECT_EQ(queued.place, 2);
  EXPECT_THAT(queued.reason, HasSubstr("workers"));
}

TEST_F(AdmissionTest, APlaceIsToldAgainOnlyWhenItChanges) {
  options.max_running = 1;
  for (int i = 1; i <= 4; ++i) deliver(kGateway, job(i));
  replica_up(0, 1);
  const std::size_t before = to_gateway<Queued>().size();
  finish_step();  // one of two blocks of job 1: nobody moves
  EXPECT_THAT(to_gateway<Queued>(), SizeIs(before));
  finish_step();
  const std::vector<Queued> told = to_gateway<Queued>();
  ASSERT_THAT(told, SizeIs(before + 2));
  EXPECT_EQ(told[before].place, 1);
  EXPECT_EQ(told[before + 1].place, 2);
}

TEST_F(AdmissionTest, AJobThatWaitsIsToldWhetherForPagesOrForTheBatch) {
  options.max_running = 2;
  replica_up(0, 1, 1, {2, 16, 400, 400, 0, 0});
  deliver(kGateway, job(1, 30));  // two pages
  deliver(kGateway, job(2));
  EXPECT_EQ(last_to<Queued>(wire, kGateway).reason, "waiting for KV pages");
  deliver(kGateway, Cancel{job_id(1)});
  deliver(kGateway, job(3));
  deliver(kGateway, job(4));
  EXPECT_EQ(last_to<Queued>(wire, kGateway).job, job_id(4));
  EXPECT_EQ(last_to<Queued>(wire, kGateway).reason, "waiting for room in the batch");
}

TEST_F(AdmissionTest, AFullQueueRefusesAndSaysHowFull) {
  options.max_waiting = 2;
  for (int i = 1; i <= 3; ++i) deliver(kGateway, job(i));
  EXPECT_EQ(last_to<Rejected>(wire, kGateway).job, job_id(3));
  EXPECT_EQ(last_to<Rejected>(wire, kGateway).error.code, ErrorCode::kOverloaded);
  EXPECT_THAT(rejection(), HasSubstr("2 jobs wait"));
  EXPECT_EQ(bed.metrics().value("unmask_admission_rejections_total", {{"reason", "queue_full"}}),
            1);
}

TEST_F(AdmissionTest, WhatSmoothingAndGuidanceTakeIsReservedOrRefused) {
  replica_up(0, 1, 1, {100, 16, 60, 400, 0, 0, 30});
  Admit guided = job(1, 40);
  guided.parameters.back() = {"cache", "none"};
  guided.parameters.push_back({"cfg_scale", "1"});
  deliver(kGateway, guided);
  EXPECT_THAT(rejection(), AllOf(HasSubstr("84 rows"), HasSubstr("--max-rows")));
  const auto smoothed = [&](std::uint64_t id, std::int32_t gen_length) {
    Admit admit = job(id, gen_length);
    admit.parameters.push_back({"smoothing", "true"});
    return admit;
  };
  deliver(kGateway, smoothed(2, 31));
  EXPECT_THAT(rejection(), AllOf(HasSubstr("31 soft rows"), HasSubstr("compute.soft_rows")));
  deliver(kGateway, smoothed(3, 20));
  EXPECT_THAT(last_step().sequences, SizeIs(1));
  deliver(kGateway, smoothed(4, 20));
  EXPECT_EQ(last_to<Queued>(wire, kGateway).reason, "waiting for soft rows");
  deliver(kGateway, smoothed(5, 5));
  EXPECT_EQ(last_to<Queued>(wire, kGateway).job, job_id(5)) << "nobody overtakes";
}

TEST_F(AdmissionTest, AJobThatCanNeverFitIsRefusedWithTheFigure) {
  replica_up(0, 1, 1, {100, 16, 50, 400, 0, 0});
  deliver(kGateway, job(1, 49));
  EXPECT_THAT(rejection(), HasSubstr("51 positions"));
  EXPECT_THAT(rejection(), HasSubstr("a worker takes 50"));
  replica_up(0, 2, 1, {3, 16, 400, 400, 0, 0});
  deliver(kGateway, job(2, 47));
  EXPECT_THAT(rejection(), HasSubstr("the KV cache holds 48"));
  deliver(kGateway, job(3, 46));
  EXPECT_THAT(to_gateway<Accepted>(), SizeIs(1));
}

TEST_F(AdmissionTest, AJobThatFitsNoReplicaAsAWholeIsRefusedThoughEachFigureFitsSomewhere) {
  replica_up(0, 1, 1, {2, 16, 400, 400, 0, 0});   // rows enough, pages not
  replica_up(1, 2, 1, {100, 16, 40, 400, 0, 0});  // pages enough, rows not
  deliver(kGateway, job(1, 60));
  EXPECT_THAT(rejection(), HasSubstr("62 positions"));
}

TEST_F(AdmissionTest, AJobGoesToTheReplicaThatCanHoldItNotToTheRoomiest) {
  replica_up(0, 1, 1, {1000, 16, 20, 400, 0, 0});
  replica_up(1, 2, 1, {10, 16, 400, 400, 0, 0});
  deliver(kGateway, job(1, 60));
  EXPECT_THAT(steps(0), IsEmpty());
  EXPECT_THAT(steps(1), SizeIs(1));
}

TEST_F(AdmissionTest, AJobThatFitsNoWorkerEndsWhenTheWorkersAreKnown) {
  deliver(kGateway, job(1, 100));
  deliver(kGateway, job(2));
  replica_up(0, 1, 1, {3, 16, 400, 400, 0, 0});
  EXPECT_EQ(finished(1).reason, FinishReason::kError);
  EXPECT_THAT(finished(1).error->message, HasSubstr("102 positions"));
  EXPECT_THAT(last_step().sequences, SizeIs(1));
}

TEST_F(AdmissionTest, WhatIsWrongWithAJobIsSaidInWords) {
  Admit bad = job(1);
  bad.parameters.push_back({"thresold", "0.5"});
  deliver(kGateway, bad);
  EXPECT_THAT(rejection(), HasSubstr("thresold"));
  bad = job(2);
  bad.input.tokens = {1, kVocabulary};
  deliver(kGateway, bad);
  EXPECT_THAT(rejection(), HasSubstr("token 1 of the prompt is 100"));
  bad = job(3, 999);
  deliver(kGateway, bad);
  EXPECT_THAT(rejection(), HasSubstr("1001 positions"));
  EXPECT_EQ(store->find(job_id(1)), nullptr);
}

TEST_F(AdmissionTest, ASpecialTokenOutsideTheVocabularyIsRefused) {
  const struct {
    std::vector<diffusion::NamedValue> parameters;
    const char* message;
  } cases[] = {
      {{{"logits_eos_inf", "true"}, {"eos_id", "2000000000"}}, "eos_id is 2000000000"},
      {{{"eos_id", "100"}}, "eos_id is 100, the vocabulary has 100 tokens"},
      {{{"confidence_eos_eot_inf", "true"}, {"eot_id", "100"}}, "eot_id is 100"},
      {{{"mask_id", "100"}}, "mask_id is 100"},
      {{{"mask_id", "98"}}, "mask_id and eos_id are both 98"},
  };
  int number = 0;
  for (const auto& [parameters, message] : cases) {
    Admit admit = job(++number);
    admit.parameters = parameters;
    deliver(kGateway, admit);
    EXPECT_THAT(rejection(), HasSubstr(message));
  }
  EXPECT_THAT(to_gateway<Accepted>(), IsEmpty());
}

TEST_F(AdmissionTest, AModelWithoutAnEosTakesNoJobThatCountsWithOne) {
  options.model.vocabulary.eos_id = -1;
  int number = 0;
  for (const char* name : {"logits_eos_inf", "confidence_eos_eot_inf"}) {
    Admit admit = job(++number);
    admit.parameters.push_back({name, "true"});
    deliver(kGateway, admit);
    EXPECT_THAT(rejection(), AllOf(HasSubstr(name), HasSubstr("--eos-id")));
    admit = job(10 + number);
    admit.parameters.push_back({name, "true"});
    admit.parameters.push_back({"eos_id", "5"});
    deliver(kGateway, admit);
    EXPECT_THAT(to_gateway<Accepted>(), SizeIs(number));
  }
}

TEST_F(AdmissionTest, TheSameIdWithAnotherBodyIsAnError) {
  deliver(kGateway, job(1));
  Admit other = job(1);
  other.body_digest = 99;
  deliver(kGateway, other);
  EXPECT_THAT(rejection(), HasSubstr("another job already has this job id"));
  EXPECT_THAT(to_gateway<Finished>(), IsEmpty());
}

TEST_F(AdmissionTest, AResendIsTheSameJobAndGoesOnBehindTheLastBlock) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 6));
  finish_step();
  finish_step();
  Admit again = job(1, 6);
  again.resume_after_block = 0;
  deliver(kOtherGateway, again);
  EXPECT_TRUE(last_to<Accepted>(wire, kOtherGateway).is_resend);
  ASSERT_THAT(to_gateway<Committed>(kOtherGateway), SizeIs(1));
  EXPECT_EQ(to_gateway<Committed>(kOtherGateway)[0].block, 1);
  finish_step();
  for (const PeerId gateway : {kGateway, kOtherGateway}) {
    EXPECT_THAT(finished(1, gateway).tokens, ElementsAre(12, 13, 14, 15, 16, 17));
    EXPECT_THAT(to_gateway<Finished>(gateway), SizeIs(1));
  }
}

TEST_F(AdmissionTest, AResendAfterTheEndIsAnsweredFromTheStore) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  finish_step();
  finish_step();
  deliver(kOtherGateway, job(1));
  EXPECT_THAT(to_gateway<Committed>(kOtherGateway), SizeIs(2));
  EXPECT_EQ(finished(1, kOtherGateway).tokens, finished(1).tokens);
  EXPECT_THAT(steps(), SizeIs(2)) << "it does not run again";
}

TEST_F(AdmissionTest, AResentJobThatWaitsIsToldItsPlaceAgain) {
  deliver(kGateway, job(1));
  deliver(kOtherGateway, job(1));
  EXPECT_EQ(last_to<Queued>(wire, kOtherGateway).place, 1);
}

TEST_F(AdmissionTest, AGatewayThatDoesNotReadLosesItsConnectionRatherThanABlock) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  const Step step = last_step();
  wire.is_full = true;
  deliver(worker(0, 0), answer(step));
  ASSERT_THAT(disconnects.received, testing::Not(IsEmpty()));
  EXPECT_EQ(disconnects.received[0].peer, kGateway);
  wire.is_full = false;
  deliver(PeerDown{kGateway});
  deliver(kGateway, job(1));  // it is back, with nothing
  EXPECT_THAT(to_gateway<Committed>(), SizeIs(1));
}

TEST_F(AdmissionTest, AJobWhoseGatewayIsGoneGoesOn) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  deliver(PeerDown{kGateway});
  wire.received.erase(wire.received.begin());
  finish_step();
  finish_step();
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
  deliver(kOtherGateway, job(1));
  EXPECT_THAT(finished(1, kOtherGateway).tokens, ElementsAre(12, 13, 14, 15));
}

// ---- Endings ----

using EndingTest = CoordinatorFixture;

TEST_F(EndingTest, AFullCanvasEndsWithItsLengthAndFigures) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  bed.advance(1s);
  finish_step();
  bed.advance(1s);
  finish_step();
  const Finished end = finished(1);
  EXPECT_EQ(end.reason, FinishReason::kLength);
  EXPECT_THAT(end.tokens, ElementsAre(12, 13, 14, 15));
  EXPECT_EQ(end.figures.tokens, 4);
  EXPECT_EQ(end.figures.forwards, 2);
  EXPECT_EQ(end.figures.blocks, 2);
  EXPECT_EQ(end.figures.prompt_tokens, 2);
  EXPECT_EQ(end.figures.duration, 2s);
  EXPECT_EQ(end.figures.time_to_first_block, 1s);
  const std::vector<Committed> blocks = to_gateway<Committed>();
  ASSERT_THAT(blocks, SizeIs(2));
  EXPECT_THAT(blocks[0].tokens, ElementsAre(12, 13));
  EXPECT_EQ(blocks[1].positions, (Range{4, 6}));
}

TEST_F(EndingTest, AnEosEndsAndIsCutOff) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 8));
  StepResult result = answer(last_step());
  result.sequences[0].candidates.token[1] = kEos;
  deliver(worker(0, 0), result);
  EXPECT_EQ(finished(1).reason, FinishReason::kStop);
  EXPECT_THAT(finished(1).tokens, ElementsAre(12));
}

TEST_F(EndingTest, ACancelledJobKeepsItsCommittedBlocksAndShowsNoHole) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 8));
  finish_step();
  StepResult half = answer(last_step());
  half.sequences[0].candidates.logit[1] = -3;  // stays a hole
  deliver(worker(0, 0), half);
  deliver(kGateway, Cancel{job_id(1)});
  EXPECT_EQ(finished(1).reason, FinishReason::kCancelled);
  EXPECT_THAT(finished(1).tokens, ElementsAre(12, 13));
  EXPECT_EQ(finished(1).figures.tokens, 2);
}

TEST_F(EndingTest, ACancelInTheMiddleOfAStepFreesItsPagesAndClosesItsSequenceWithTheNextStep) {
  replica_up(0, 1, 1, {2, 16, 400, 400, 0, 0});
  deliver(kGateway, job(1, 30));  // takes both pages
  deliver(kGateway, job(2, 30));
  const Step first = last_step();
  deliver(kGateway, Cancel{job_id(1)});
  EXPECT_THAT(steps(), SizeIs(1)) << "one step at a time";
  deliver(worker(0, 0), answer(first));
  const Step second = last_step();
  EXPECT_THAT(second.closed, ElementsAre(first.sequences[0].sequence));
  ASSERT_THAT(second.sequences, SizeIs(1));
  EXPECT_NE(second.sequences[0].sequence, first.sequences[0].sequence);
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty()) << "the answer was not for job 2";
}

TEST_F(EndingTest, JobsThatComeAndGoDuringOneStepLeaveNothingToClose) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  for (int i = 2; i < 50; ++i) {
    deliver(kGateway, job(i));
    deliver(kGateway, Cancel{job_id(i)});
  }
  finish_step();
  EXPECT_THAT(last_step().closed, IsEmpty());
  EXPECT_THAT(last_step().sequences, SizeIs(1));
}

TEST_F(EndingTest, ACancelOfAWaitingJobOrOfNoneIsAnswered) {
  deliver(kGateway, job(1));
  deliver(kGateway, Cancel{job_id(1)});
  EXPECT_EQ(finished(1).reason, FinishReason::kCancelled);
  EXPECT_THAT(finished(1).tokens, IsEmpty());
  deliver(kGateway, Cancel{job_id(2)});
  EXPECT_THAT(rejection(), HasSubstr("no job has this id"));
}

TEST_F(EndingTest, ACancelThroughAnotherGatewayIsToldToBoth) {
  deliver(kGateway, job(1));
  deliver(kOtherGateway, Cancel{job_id(1)});
  EXPECT_EQ(finished(1, kGateway).reason, FinishReason::kCancelled);
  EXPECT_EQ(finished(1, kOtherGateway).reason, FinishReason::kCancelled);
}

TEST_F(EndingTest, ACancelAfterTheEndNamesTheEnd) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 2));
  finish_step();
  deliver(kOtherGateway, Cancel{job_id(1)});
  EXPECT_EQ(finished(1, kOtherGateway).reason, FinishReason::kLength);
}

TEST_F(EndingTest, AStopEndsAsIfAtEos) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 8));
  finish_step();
  deliver(kGateway, StopJob{job_id(1)});
  EXPECT_EQ(finished(1).reason, FinishReason::kStop);
  EXPECT_THAT(finished(1).tokens, ElementsAre(12, 13));
}

TEST_F(EndingTest, DeadlinesEndJobsThatRunAndJobsThatWait) {
  options.max_running = 1;
  replica_up(0, 1);
  Admit first = job(1), second = job(2), third = job(3);
  first.deadline = 3s;
  second.deadline = 1s;
  for (const Admit& admit : {first, second, third}) deliver(kGateway, admit);
  bed.advance(1s);
  EXPECT_EQ(finished(2).reason, FinishReason::kDeadline);
  EXPECT_THAT(to_gateway<Finished>(), SizeIs(1));
  bed.advance(2s);
  EXPECT_EQ(finished(1).reason, FinishReason::kDeadline);
  finish_step();  // of job 1: void
  finish_step();
  finish_step();
  EXPECT_EQ(finished(3).reason, FinishReason::kLength);
  EXPECT_THAT(to_gateway<Finished>(), SizeIs(3));
}

TEST_F(EndingTest, ALogSumExpThatIsNoNumberEndsOnlyItsOwnJob) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  deliver(kGateway, job(2));
  finish_step();
  StepResult result = answer(last_step());
  ASSERT_THAT(result.sequences, SizeIs(2));
  result.sequences[1].candidates.log_sum_exp[0] = NAN;
  deliver(worker(0, 0), result);
  EXPECT_EQ(finished(2).reason, FinishReason::kError);
  EXPECT_EQ(finished(2).error->code, ErrorCode::kInternal);
  EXPECT_THAT(finished(2).error->message, HasSubstr("not finite"));
  EXPECT_THAT(finished(2).tokens, IsEmpty());
  EXPECT_EQ(finished(1).reason, FinishReason::kLength);
}

TEST_F(EndingTest, ADrainWaitsForEveryJobAndTakesNoNewOne) {
  Probe<Drained> drained;
  replica_up(0, 1);
  deliver(kGateway, job(1));
  deliver(Drain{drained.ref()});
  deliver(kGateway, job(2));
  EXPECT_THAT(rejection(), HasSubstr("shutting down"));
  finish_step();
  EXPECT_THAT(drained.received, IsEmpty());
  finish_step();
  EXPECT_THAT(drained.received, SizeIs(1));
}

// ---- Questions ----

using CoordinatorTest = CoordinatorFixture;

TEST_F(CoordinatorTest, JobsAreListedWhereverTheyAre) {
  options.max_running = 1;
  replica_up(0, 1);
  for (int i = 1; i <= 3; ++i) deliver(kGateway, job(i, 4));
  bed.advance(3s);
  finish_step();
  finish_step();
  bed.advance(1s);
  deliver(kGateway, ListJobs{5});
  const JobList list = last_to<JobList>(wire, kGateway);
  EXPECT_EQ(list.request, 5u);
  ASSERT_THAT(list.jobs, SizeIs(3));
  EXPECT_EQ(list.jobs[0].state, JobSummary::State::kRunning);
  EXPECT_EQ(list.jobs[1].state, JobSummary::State::kQueued);
  EXPECT_EQ(list.jobs[2].state, JobSummary::State::kFinished);
  EXPECT_EQ(list.jobs[2].outcome, "length");
  // The first ran for 3 s while the others waited; then the second began.
  EXPECT_EQ(list.jobs[0].age, 4s);
  EXPECT_EQ(list.jobs[0].run_time, 1s);
  EXPECT_EQ(list.jobs[1].age, 4s);
  EXPECT_EQ(list.jobs[1].run_time, 0s);
  EXPECT_EQ(list.jobs[2].age, 3s);
  EXPECT_EQ(list.jobs[2].run_time, 3s);
}

TEST_F(CoordinatorTest, StatusTellsJobsPagesAndWhatARestartLoses) {
  deliver(kGateway, GetStatus{1});
  EXPECT_FALSE(last_to<ClusterStatus>(wire, kGateway).is_ready);
  replica_up(0, 1);
  deliver(kGateway, job(1, 30));
  deliver(kGateway, GetStatus{2});
  const ClusterStatus status = last_to<ClusterStatus>(wire, kGateway);
  EXPECT_TRUE(status.is_ready);
  EXPECT_EQ(status.model, "tiny");
  EXPECT_EQ(status.jobs_running, 1);
  EXPECT_EQ(status.kv_pages_used, 2);
  EXPECT_EQ(status.kv_pages_total, 100);
  EXPECT_THAT(status.durability, HasSubstr("in memory"));
}

TEST_F(CoordinatorTest, FramesAndTracesTellWhatAForwardDecided) {
  replica_up(0, 1);
  Admit admit = job(1);
  admit.subscription = {true, true, true};
  deliver(kGateway, admit);
  finish_step();
  ASSERT_THAT(to_gateway<Frame>(), SizeIs(1));
  const Frame frame = to_gateway<Frame>()[0];
  EXPECT_EQ(frame.num_holes, 0);
  ASSERT_THAT(frame.cells, SizeIs(2));
  EXPECT_EQ(frame.cells[1].token, 13);
  EXPECT_FALSE(frame.cells[1].is_guess);
  EXPECT_NEAR(frame.cells[1].confidence, 0.99, 0.001);
  ASSERT_THAT(to_gateway<Traced>(), SizeIs(1));
  EXPECT_THAT(to_gateway<Traced>()[0].edits, SizeIs(2));
  finish_step();
  EXPECT_THAT(to_gateway<Traced>(), SizeIs(2));
  EXPECT_THAT(finished(1).canvas, ElementsAre(1, 2, 12, 13, 14, 15));
}

TEST_F(CoordinatorTest, TheStatusSaysForHowLongNothingGotFurther) {
  const auto since_progress = [&] {
    deliver(kGateway, GetStatus{1});
    return last_to<ClusterStatus>(wire, kGateway).since_progress;
  };
  replica_up(0, 1);
  bed.advance(std::chrono::seconds(5));
  EXPECT_EQ(since_progress().count(), 0) << "nothing was to be done";
  deliver(kGateway, job(1));
  bed.advance(std::chrono::seconds(2));
  EXPECT_EQ(since_progress(), std::chrono::seconds(2));
  finish_step();
  EXPECT_EQ(since_progress().count(), 0);
}

TEST_F(CoordinatorTest, BlocksHaveTheLogprobsOfTheirTokensIfSubscribed) {
  replica_up(0, 1);
  Admit admit = job(1);
  admit.subscription.logprobs = true;
  deliver(kGateway, admit);
  deliver(kGateway, job(2));
  for (int i = 0; i < 2; ++i) finish_step();
  for (const Committed& block : to_gateway<Committed>()) {
    if (block.job == job_id(2)) {
      EXPECT_THAT(block.logprobs, IsEmpty());
      continue;
    }
    ASSERT_EQ(block.logprobs.size(), block.tokens.size());
    for (const float logprob : block.logprobs) EXPECT_NEAR(std::exp(logprob), 0.99, 0.001);
  }
  EXPECT_THAT(to_gateway<Committed>(), SizeIs(3));
}

// ---- Whose jobs they are ----

TEST_F(CoordinatorFixture, AJobIsSeenAndCancelledByItsOwnerAndByOperators) {
  const Requester owner{"mine", 1, false}, other{"another's", 2, false}, all{"op", 3, true};
  Admit admit = job(1);
  admit.requester = owner;
  deliver(kGateway, admit);
  const auto num_listed = [&](const Requester& requester) {
    deliver(kGateway, ListJobs{1, requester});
    return last_to<JobList>(wire, kGateway).jobs.size();
  };
  EXPECT_EQ(num_listed(owner), 1u);
  EXPECT_EQ(num_listed(other), 0u);
  EXPECT_EQ(num_listed(all), 1u);
  EXPECT_EQ(last_to<JobList>(wire, kGateway).jobs[0].client, "mine");

  deliver(kOtherGateway, Cancel{job_id(1), other});
  EXPECT_THAT(rejection(kOtherGateway), HasSubstr("no job has this id"));
  admit.requester = other;
  deliver(kOtherGateway, admit);
  EXPECT_THAT(rejection(kOtherGateway), HasSubstr("another job already has this job id"));
  deliver(kOtherGateway, Cancel{job_id(1), all});
  EXPECT_EQ(finished(1, kOtherGateway).reason, FinishReason::kCancelled);
  deliver(PeerId(9), Cancel{job_id(1), other});
  EXPECT_THAT(rejection(9), HasSubstr("no job has this id")) << "nor how it ended";
  EXPECT_EQ(num_listed(other), 0u);
}

TEST_F(CoordinatorFixture, AJobThatNoGatewayHearsOfEndsAfterTheGraceTime) {
  Admit detached = job(2);
  detached.is_detached = true;
  deliver(kGateway, job(1));
  deliver(kGateway, detached);
  deliver(kGateway, job(3));
  deliver(PeerDown{kGateway});
  bed.advance(options.client_grace / 2);
  deliver(kOtherGateway, job(3));
  bed.advance(options.client_grace);
  EXPECT_NE(store->find(job_id(1))->finished, std::nullopt);
  EXPECT_EQ(store->find(job_id(2))->finished, std::nullopt);
  EXPECT_EQ(store->find(job_id(3))->finished, std::nullopt);
}

TEST_F(CoordinatorFixture, ClientsTakeTurnsAtTheDoor) {
  options.max_running = 1;
  for (int number = 1; number <= 3; ++number) {
    Admit admit = job(number);
    admit.requester.process = 1;
    deliver(kGateway, admit);
  }
  Admit other = job(4);
  other.requester.process = 2;
  deliver(kGateway, other);
  replica_up(0, 1);
  std::vector<JobId> ended;
  while (to_gateway<Finished>().size() < 4) finish_step();
  for (const Finished& end : to_gateway<Finished>()) ended.push_back(end.job);
  EXPECT_THAT(ended, ElementsAre(job_id(1), job_id(4), job_id(2), job_id(3)));
}

}  // namespace
}  // namespace unmask::actors
