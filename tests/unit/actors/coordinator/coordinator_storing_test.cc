/// What gateways hear while the job store is slow, fails, or is read by a coordinator that was
/// started again.

#include "tests/unit/actors/coordinator/coordinator_fixture.h"
#include "tests/unit/actors/coordinator/late_job_store.h"

namespace unmask::actors {
namespace {

class CoordinatorStoringTest : public CoordinatorFixture {
 protected:
  CoordinatorStoringTest() {
    auto late_store = std::make_unique<LateJobStore>();
    late = late_store.get();
    store = std::move(late_store);
  }

  void answer(std::optional<Error> error = std::nullopt) {
    ASSERT_GT(late->num_waiting(), 0u);
    late->answer(std::move(error));
    bed.settle();
  }

  LateJobStore* late = nullptr;
};

TEST_F(CoordinatorStoringTest, NobodyHearsOfAJobABlockOrAnEndBeforeItIsStored) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 2));
  EXPECT_THAT(to_gateway<Accepted>(), IsEmpty());
  EXPECT_THAT(steps(), IsEmpty());
  answer();
  EXPECT_THAT(to_gateway<Accepted>(), SizeIs(1));
  finish_step();
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
  EXPECT_THAT(to_gateway<Finished>(), IsEmpty());
  answer();
  EXPECT_THAT(to_gateway<Committed>(), SizeIs(1));
  EXPECT_THAT(to_gateway<Finished>(), IsEmpty());
  answer();
  EXPECT_EQ(finished(1).reason, FinishReason::kLength);
}

TEST_F(CoordinatorStoringTest, TheNextBlockIsDecodedWhileTheLastIsStored) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 6));
  answer();
  finish_step();
  finish_step();
  EXPECT_THAT(steps(), SizeIs(3));
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
  answer();
  answer();
  ASSERT_THAT(to_gateway<Committed>(), SizeIs(2));
  EXPECT_EQ(to_gateway<Committed>()[1].block, 1);
}

TEST_F(CoordinatorStoringTest, AJobThatCannotBeStoredIsRejectedAndItsIdIsFree) {
  deliver(kGateway, job(1));
  answer(Error{ErrorCode::kUnavailable, "the disk is full"});
  EXPECT_EQ(rejection(), "the disk is full");
  deliver(kGateway, job(1));
  answer();
  EXPECT_THAT(to_gateway<Accepted>(), SizeIs(1));
}

TEST_F(CoordinatorStoringTest, AJobWhoseBlockCannotBeStoredEnds) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  answer();
  finish_step();
  answer(Error{ErrorCode::kInternal, "the disk is full"});
  answer();  // the end
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
  EXPECT_EQ(finished(1).reason, FinishReason::kError);
  EXPECT_EQ(finished(1).error->message, "the disk is full");
  EXPECT_EQ(finished(1).figures.blocks, 0);
}

TEST_F(CoordinatorStoringTest, AnEndTellsOfNoBlockThatTheStoreRefusedMeanwhile) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  answer();
  finish_step();
  finish_step();
  deliver(kGateway, Cancel{job_id(1)});
  answer();  // the first block
  answer(Error{ErrorCode::kInternal, "the disk is full"});
  answer();  // the end
  EXPECT_THAT(to_gateway<Committed>(), SizeIs(1));
  EXPECT_EQ(finished(1).reason, FinishReason::kError);
  EXPECT_EQ(finished(1).error->message, "the disk is full");
  EXPECT_EQ(finished(1).figures.blocks, 1);
  EXPECT_EQ(finished(1).tokens, to_gateway<Committed>()[0].tokens);
  EXPECT_EQ(finished(1).figures.tokens, std::int32_t(finished(1).tokens.size()));
}

TEST_F(CoordinatorStoringTest, ALastBlockThatCannotBeStoredIsNoPartOfTheAnswer) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 2));
  answer();
  finish_step();
  answer(Error{ErrorCode::kInternal, "the disk is full"});
  answer();  // the end
  EXPECT_EQ(finished(1).reason, FinishReason::kError);
  EXPECT_EQ(finished(1).figures.blocks, 0);
  EXPECT_THAT(finished(1).tokens, IsEmpty());
}

TEST_F(CoordinatorStoringTest, NoBlockIsHeardBehindOneThatWasRefused) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 6));
  answer();
  finish_step();
  finish_step();
  answer(Error{ErrorCode::kInternal, "the disk is full"});
  answer();  // the second block
  answer();  // the end
  EXPECT_THAT(to_gateway<Committed>(), IsEmpty());
  EXPECT_EQ(finished(1).figures.blocks, 0);
}

TEST_F(CoordinatorStoringTest, AnEndThatCannotBeStoredIsHeardAsAnError) {
  deliver(kGateway, job(1));
  answer();
  deliver(kGateway, Cancel{job_id(1)});
  answer(Error{ErrorCode::kInternal, "the disk is full"});
  EXPECT_EQ(finished(1).reason, FinishReason::kError);
}

TEST_F(CoordinatorStoringTest, ACancelThatComesBeforeTheJobIsStoredEndsItAfterwards) {
  replica_up(0, 1);
  deliver(kGateway, job(1));
  deliver(kGateway, Cancel{job_id(1)});
  EXPECT_THAT(to_gateway<Finished>(), IsEmpty());
  answer();
  EXPECT_THAT(to_gateway<Accepted>(), SizeIs(1));
  EXPECT_THAT(steps(), IsEmpty());
  answer();
  EXPECT_EQ(finished(1).reason, FinishReason::kCancelled);
}

TEST_F(CoordinatorStoringTest, WhoSendsTheJobAgainMeanwhileHearsTheSame) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 2));
  deliver(kOtherGateway, job(1, 2));
  Admit other = job(1, 2);
  other.body_digest = 77;
  deliver(kOtherGateway, other);
  EXPECT_THAT(rejection(kOtherGateway), HasSubstr("another job"));
  answer();
  EXPECT_THAT(to_gateway<Accepted>(kOtherGateway), SizeIs(1));
  finish_step();
  answer();
  deliver(kOtherGateway, job(1, 2));  // its end is being stored
  EXPECT_THAT(to_gateway<Finished>(kOtherGateway), IsEmpty());
  answer();
  EXPECT_THAT(to_gateway<Finished>(kGateway), SizeIs(1));
  EXPECT_THAT(to_gateway<Finished>(kOtherGateway), SizeIs(1));
}

TEST_F(CoordinatorStoringTest, JobsThatAreBeingStoredCountForTheQueueAndKeepADrainWaiting) {
  options.max_waiting = 1;
  deliver(kGateway, job(1));
  deliver(kGateway, job(2));
  EXPECT_THAT(rejection(), HasSubstr("the queue is full"));
  Probe<Drained> drained;
  deliver(Drain{drained.ref()});
  answer();
  deliver(kGateway, Cancel{job_id(1)});
  EXPECT_THAT(drained.received, IsEmpty());
  answer();
  EXPECT_THAT(drained.received, SizeIs(1));
}

TEST_F(CoordinatorStoringTest, WhatIsStoredAfterTheCoordinatorIsGoneIsForNobody) {
  deliver(kGateway, job(1));
  coordinator->stop();
  coordinator.reset();
  bed.settle();
  answer();
  EXPECT_THAT(to_gateway<Accepted>(), IsEmpty());
}

class CoordinatorRestartTest : public CoordinatorFixture {
 protected:
  void start_again() {
    coordinator->stop();
    bed.settle();
    wire.received.clear();
    start();
  }
};

TEST_F(CoordinatorRestartTest, JobsThatDidNotEndAreRunAgainAndNoBlockIsSentTwice) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 6));
  finish_step();
  ASSERT_THAT(to_gateway<Committed>(), SizeIs(1));
  start_again();
  replica_up(0, 2);
  Admit again = job(1, 6);
  again.resume_after_block = 0;
  deliver(kGateway, again);
  for (int block = 0; block < 3; ++block) finish_step();
  ASSERT_THAT(to_gateway<Committed>(), SizeIs(2));
  EXPECT_EQ(to_gateway<Committed>()[0].block, 1);
  EXPECT_EQ(finished(1).tokens, (std::vector<std::int32_t>{12, 13, 14, 15, 16, 17}));
}

TEST_F(CoordinatorRestartTest, ABlockThatComesOutOtherwiseThanItWasSentEndsTheJob) {
  replica_up(0, 1);
  deliver(kGateway, job(1, 6));
  finish_step();
  start_again();
  replica_up(0, 2);
  deliver(kGateway, job(1, 6));
  StepResult other = answer(last_step());
  other.sequences[0].candidates.token[0] = 50;
  deliver(worker(0, 0), other);
  EXPECT_EQ(finished(1).reason, FinishReason::kError);
  EXPECT_THAT(finished(1).error->message, HasSubstr("block 0 came out otherwise"));
}

TEST_F(CoordinatorRestartTest, ADeadlineCountsFromTheAcceptance) {
  Admit admit = job(1);
  admit.deadline = 10s;
  deliver(kGateway, admit);
  bed.advance(6s);
  start_again();
  deliver(kGateway, admit);
  bed.advance(3s);
  EXPECT_THAT(to_gateway<Finished>(), IsEmpty());
  bed.advance(2s);
  EXPECT_EQ(finished(1).reason, FinishReason::kDeadline);
}

TEST_F(CoordinatorRestartTest, WhatCannotBeRunAnyMoreEndsWithTheReason) {
  deliver(kGateway, job(1, 600));
  options.model.max_positions = 100;
  start_again();
  deliver(kGateway, job(1, 600));
  EXPECT_EQ(finished(1).reason, FinishReason::kError);
  EXPECT_THAT(finished(1).error->message, HasSubstr("the model has 100"));
}

}  // namespace
}  // namespace unmask::actors
