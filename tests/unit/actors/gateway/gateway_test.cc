#include "actors/gateway/gateway.h"

#include <gmock/gmock.h>

#include <optional>

#include "runtime/simulation/testbed.h"
#include "tests/unit/actors/number_text.h"
#include "tests/unit/actors/sent.h"

namespace unmask::actors {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr PeerId kClient = 1, kOther = 2;

/// A gateway between probes; the test is its clients and the coordinator.
class GatewayTest : public testing::Test {
 protected:
  void start(bool is_connected = true) {
    gateway.emplace(bed.system().spawn<Gateway>("gateway", bed.env(), options,
                                                std::ref<TextService>(text), clients.ref(),
                                                disconnects.ref(), wire.ref()));
    if (is_connected) deliver(CoordinatorUp{kCoordinator});
  }
  template <typename Message>
  void deliver(Message message) {
    if (!gateway) start();
    ASSERT_TRUE(gateway->ref<Message>().send(std::move(message)));
    bed.settle();
  }
  template <typename Message>
  void deliver(PeerId from, Message message) {
    deliver(Incoming<Message>{from, std::move(message)});
  }

  static Submit submit(int number) {
    Submit message;
    message.job = job_id(number);
    message.input = TokenInput{{1, 2, 3}, {}};
    return message;
  }
  static Committed block(int number, std::int32_t index, std::vector<std::int32_t> tokens) {
    Committed message;
    message.job = job_id(number);
    message.block = index;
    message.tokens = std::move(tokens);
    return message;
  }
  static Finished end(int number, std::vector<std::int32_t> tokens = {}) {
    Finished message;
    message.job = job_id(number);
    message.reason = FinishReason::kLength;
    message.tokens = std::move(tokens);
    return message;
  }
  void run_job(int number) {
    deliver(kClient, submit(number));
    deliver(kCoordinator, Accepted{job_id(number), false, 3, 7});
    deliver(kCoordinator, block(number, 0, {7, 8}));
  }

  template <typename Message>
  std::vector<Message> to_client(PeerId client = kClient) const {
    return sent_to<Message>(clients, client);
  }
  template <typename Message>
  std::vector<Message> to_coordinator(PeerId coordinator = kCoordinator) const {
    return sent_to<Message>(wire, coordinator);
  }
  std::string rejection(PeerId client = kClient) const {
    return last_to<Rejected>(clients, client).error.message;
  }
  std::string streamed(PeerId client = kClient) const {
    std::string all;
    for (const Committed& one : to_client<Committed>(client)) all += one.text;
    return all;
  }

  Testbed bed;
  Gateway::Options options;
  NumberText text;
  Probe<Outgoing> clients, wire;
  Probe<Disconnect> disconnects;
  std::optional<ActorHandle<Gateway>> gateway;
};

TEST_F(GatewayTest, AJobIsTokenizedAdmittedAndStreamedAsText) {
  Submit message = submit(1);
  message.input = TextInput{"ab", true};
  deliver(kClient, message);
  ASSERT_THAT(to_coordinator<Admit>(), SizeIs(1));
  EXPECT_THAT(to_coordinator<Admit>()[0].input.tokens, ElementsAre('a', 'b'));
  deliver(kCoordinator, Accepted{job_id(1), false, 2, 6});
  deliver(kCoordinator, Queued{job_id(1), 1, "waiting"});
  deliver(kCoordinator, block(1, 0, {7}));
  deliver(kCoordinator, block(1, 1, {8}));
  deliver(kCoordinator, end(1, {7, 8}));
  ASSERT_THAT(clients.received, SizeIs(5));
  EXPECT_TRUE(std::holds_alternative<Accepted>(clients.received[0].message));
  EXPECT_TRUE(std::holds_alternative<Queued>(clients.received[1].message));
  EXPECT_EQ(streamed(), "7 8 ");
  EXPECT_EQ(std::get<Finished>(clients.received[4].message).text, "7 8 ");
}

TEST_F(GatewayTest, WhatIsWrongWithASubmissionIsSaidInWords) {
  options.model = "tiny";
  Submit bad = submit(1);
  bad.model = "large";
  deliver(kClient, bad);
  EXPECT_THAT(rejection(), HasSubstr("model 'large' is not served here; 'tiny' is"));
  bad = submit(2);
  bad.input = TextInput{"<|x|>", false, true};
  deliver(kClient, bad);
  EXPECT_THAT(rejection(), HasSubstr("for raw prompts"));
  bad = submit(1);
  bad.stop.assign(17, "x");
  deliver(kClient, bad);
  EXPECT_THAT(rejection(), HasSubstr("more than 16 stop strings"));
  bad = submit(3);
  bad.stop = {std::string(129, 'x')};
  deliver(kClient, bad);
  EXPECT_THAT(rejection(), HasSubstr("1 to 128 bytes, not 129"));
  bad = submit(4);
  bad.input = TextInput{"", false};
  deliver(kClient, bad);
  EXPECT_THAT(rejection(), HasSubstr("cannot be tokenized"));
  EXPECT_THAT(to_coordinator<Admit>(), IsEmpty());
}

TEST_F(GatewayTest, ParametersAreCheckedBeforeTheTextIsTokenized) {
  text.is_slow = true;
  Submit message = submit(1);
  message.input = TextInput{"hello"};
  message.parameters = {{"treshold", "0.5"}};
  deliver(kClient, message);
  EXPECT_THAT(rejection(), HasSubstr("did you mean threshold"));
  EXPECT_THAT(to_coordinator<Admit>(), IsEmpty());
}

TEST_F(GatewayTest, WhatItRefusesItselfIsCountedByReasonAndWhatOthersRefuseIsNot) {
  const auto num_refused = [&](std::string_view reason) {
    return bed.metrics().value("unmask_admission_rejections_total", {{"reason", reason}});
  };
  options.model = "tiny";
  options.max_jobs_per_client = 2;
  Submit bad = submit(1);
  bad.model = "large";
  deliver(kClient, bad);
  bad = submit(2);
  bad.input = TextInput{"", false};  // found when it is tokenized
  deliver(kClient, bad);
  EXPECT_EQ(num_refused("invalid"), 2);
  deliver(kClient, submit(3));
  Submit other = submit(3);
  other.stop = {"x"};
  deliver(kClient, other);
  EXPECT_EQ(num_refused("invalid"), 3);
  deliver(kClient, submit(4));
  deliver(kClient, submit(5));
  EXPECT_EQ(num_refused("queue_full"), 1);
  deliver(kCoordinator, Rejected{job_id(3), {ErrorCode::kOverloaded, "the queue is full"}});
  deliver(kClient, Cancel{job_id(4)});
  EXPECT_EQ(num_refused("queue_full"), 1);
  deliver(CoordinatorDown{kCoordinator});
  deliver(kOther, submit(6));
  EXPECT_EQ(num_refused("unavailable"), 1);
  EXPECT_THAT(to_client<Rejected>(), SizeIs(5));
  EXPECT_THAT(to_client<Rejected>(kOther), SizeIs(1));
}

TEST_F(GatewayTest, WithoutACoordinatorJobsAndQuestionsAreRefused) {
  start(false);
  deliver(kClient, submit(1));
  EXPECT_THAT(rejection(), HasSubstr("cannot be reached"));
  deliver(kClient, GetStatus{4});
  EXPECT_EQ(last_to<ClusterStatus>(clients, kClient).request, 4u);
  ASSERT_TRUE(last_to<ClusterStatus>(clients, kClient).error);
  EXPECT_EQ(last_to<ClusterStatus>(clients, kClient).error->code, ErrorCode::kUnavailable);
  deliver(kClient, ListJobs{5});
  EXPECT_EQ(last_to<JobList>(clients, kClient).request, 5u);
  ASSERT_TRUE(last_to<JobList>(clients, kClient).error);
  EXPECT_THAT(last_to<JobList>(clients, kClient).error->message, HasSubstr("cannot be reached"));
  deliver(kClient, Cancel{job_id(1)});
  EXPECT_EQ(last_to<Rejected>(clients, kClient).error.code, ErrorCode::kUnavailable);
}

TEST_F(GatewayTest, UnfinishedJobsAreBoundedOverAllClientsAndOfEach) {
  options.max_jobs = 3;
  options.max_jobs_per_client = 2;
  for (int i = 1; i <= 3; ++i) deliver(kClient, submit(i));
  EXPECT_THAT(rejection(), HasSubstr("this client has 2 unfinished jobs"));
  deliver(kOther, submit(4));
  deliver(kOther, submit(5));
  EXPECT_THAT(rejection(kOther), HasSubstr("the gateway holds 3 unfinished jobs"));
  deliver(kCoordinator, end(1));
  deliver(kClient, submit(3));
  EXPECT_THAT(to_coordinator<Admit>(), SizeIs(4));
}

TEST_F(GatewayTest, JobsThatAreBeingTokenizedCountForTheirClient) {
  options.max_jobs_per_client = 2;
  text.is_slow = true;
  for (int i = 1; i <= 3; ++i) deliver(kClient, submit(i));
  EXPECT_THAT(rejection(), HasSubstr("2 unfinished jobs"));
}

// ---- Several clients, clients that come back ----

TEST_F(GatewayTest, TwoClientsWithTheSameIdShareOneJob) {
  run_job(1);
  deliver(kOther, submit(1));
  EXPECT_TRUE(to_client<Accepted>(kOther).at(0).is_resend);
  deliver(kCoordinator, block(1, 1, {9}));
  deliver(kCoordinator, end(1));
  for (const PeerId client : {kClient, kOther}) {
    EXPECT_EQ(streamed(client), "7 8 9 ");
    EXPECT_THAT(to_client<Finished>(client), SizeIs(1));
  }
  EXPECT_THAT(to_coordinator<Admit>(), SizeIs(1));
}

TEST_F(GatewayTest, TheSameIdWithAnotherBodyIsAnError) {
  run_job(1);
  Submit other = submit(1);
  other.input = TokenInput{{4}, {}};
  deliver(kOther, other);
  EXPECT_THAT(rejection(kOther), HasSubstr("another job already has this job id"));
  text.is_slow = true;
  deliver(kClient, submit(2));
  other.job = job_id(2);
  deliver(kOther, other);
  EXPECT_THAT(to_client<Rejected>(kOther), SizeIs(2));
}

TEST_F(GatewayTest, AResendWhileTheTextIsTokenizedWaitsForTheSameJob) {
  text.is_slow = true;
  deliver(kClient, submit(1));
  deliver(PeerDown{kClient});
  deliver(kOther, submit(1));
  text.answer_all();
  bed.settle();
  EXPECT_THAT(to_coordinator<Admit>(), SizeIs(1));
  deliver(kCoordinator, Accepted{job_id(1), false, 3, 7});
  EXPECT_THAT(to_client<Accepted>(kOther), SizeIs(1));
  EXPECT_THAT(to_client<Accepted>(kClient), IsEmpty());
}

TEST_F(GatewayTest, AClientThatVanishesInTheMiddleResumesBehindItsLastBlock) {
  run_job(1);
  deliver(PeerDown{kClient});
  deliver(kCoordinator, block(1, 1, {9}));
  EXPECT_THAT(to_client<Committed>(), SizeIs(1));
  Submit again = submit(1);
  again.resume_after_block = 0;
  deliver(kOther, again);
  deliver(kCoordinator, block(1, 2, {10}));
  deliver(kCoordinator, end(1));
  EXPECT_EQ(streamed(kOther), "9 10 ");
  EXPECT_EQ(to_client<Finished>(kOther).at(0).text, "7 8 9 10 ");
}

TEST_F(GatewayTest, AClientThatAsksTwiceOverOneConnectionGetsEachBlockOnce) {
  run_job(1);
  deliver(kClient, submit(1));  // sent before it had the block
  deliver(kCoordinator, block(1, 1, {9}));
  deliver(kClient, submit(1));
  deliver(kCoordinator, end(1));
  EXPECT_EQ(streamed(), "7 8 9 ");
  deliver(kOther, submit(1));
  EXPECT_EQ(streamed(kOther), "7 8 9 ");
}

TEST_F(GatewayTest, AResultIsThereForAClientThatComesBackAfterTheEnd) {
  run_job(1);
  deliver(PeerDown{kClient});
  deliver(kCoordinator, end(1));
  deliver(kOther, submit(1));
  EXPECT_EQ(streamed(kOther), "7 8 ");
  EXPECT_THAT(to_client<Finished>(kOther), SizeIs(1));
}

TEST_F(GatewayTest, TheOldestResultsAreForgottenWhenThereAreTooMany) {
  options.finished.max_jobs = 2;
  for (int i = 1; i <= 3; ++i) {
    run_job(i);
    deliver(kCoordinator, end(i));
  }
  deliver(kOther, Cancel{job_id(2)});
  EXPECT_THAT(to_client<Finished>(kOther), SizeIs(1));
  deliver(kOther, Cancel{job_id(1)});
  EXPECT_THAT(to_coordinator<Cancel>(), SizeIs(1)) << "unknown here, so the coordinator is asked";
}

TEST_F(GatewayTest, TheOldestResultsAreForgottenWhenTheyTakeTooManyBytes) {
  options.finished.max_bytes = 10'000;
  for (int i = 1; i <= 3; ++i) {
    run_job(i);
    deliver(kCoordinator, end(i, std::vector<std::int32_t>(1500)));
  }
  deliver(kOther, Cancel{job_id(3)});
  EXPECT_THAT(to_client<Finished>(kOther), SizeIs(1));
  deliver(kOther, Cancel{job_id(2)});
  EXPECT_THAT(to_coordinator<Cancel>(), SizeIs(1));
}

TEST_F(GatewayTest, AClientThatDoesNotReadLosesItsConnectionAndNotItsJob) {
  run_job(1);
  clients.is_full = true;
  deliver(kCoordinator, block(1, 1, {9}));
  ASSERT_THAT(disconnects.received, SizeIs(1));
  EXPECT_EQ(disconnects.received[0].peer, kClient);
  deliver(PeerDown{kClient});
  clients.is_full = false;
  deliver(kCoordinator, end(1));
  deliver(kOther, submit(1));
  EXPECT_EQ(streamed(kOther), "7 8 9 ");
}

TEST_F(GatewayTest, ASecondClientThatWantsFramesGetsThem) {
  run_job(1);
  Submit watch = submit(1);
  watch.subscription.frames = true;
  deliver(kOther, watch);
  ASSERT_THAT(to_coordinator<Admit>(), SizeIs(2));
  EXPECT_TRUE(to_coordinator<Admit>()[1].subscription.frames);
  EXPECT_EQ(to_coordinator<Admit>()[1].resume_after_block, 0);
  Frame frame;
  frame.job = job_id(1);
  frame.cells = {{7, true, 0.5f}};
  deliver(kCoordinator, frame);
  EXPECT_EQ(to_client<Frame>(kOther).at(0).cells.at(0).text, "7 ");
  EXPECT_THAT(to_client<Frame>(), IsEmpty());
}

// ---- Stop strings ----

TEST_F(GatewayTest, AStopStringIsFoundAcrossBlocksAndCutsTheText) {
  Submit message = submit(1);
  message.stop = {"8 9"};
  deliver(kClient, message);
  deliver(kCoordinator, block(1, 0, {7, 8}));
  EXPECT_EQ(streamed(), "7 ") << "what may be the start of it is held back";
  deliver(kCoordinator, block(1, 1, {9, 10}));
  EXPECT_THAT(to_coordinator<StopJob>(), SizeIs(1));
  deliver(kCoordinator, block(1, 2, {11}));  // was on its way
  deliver(kCoordinator, end(1, {7, 8, 9, 10, 11}));
  EXPECT_EQ(streamed(), "7 ");
  EXPECT_THAT(to_client<Committed>(), SizeIs(2)) << "no block behind the stop string";
  const Finished finished = to_client<Finished>().at(0);
  EXPECT_EQ(finished.text, "7 ");
  EXPECT_THAT(finished.tokens, ElementsAre(7, 8, 9, 10));
  EXPECT_EQ(finished.figures.tokens, 4);
  EXPECT_EQ(finished.figures.blocks, 2);
}

TEST_F(GatewayTest, AStopStringInTheLastBlockIsWhatEndedTheJob) {
  Submit message = submit(1);
  message.stop = {"8"};
  deliver(kClient, message);
  deliver(kCoordinator, block(1, 0, {7, 8}));
  Finished at_its_length = end(1, {7, 8});
  at_its_length.reason = FinishReason::kLength;
  deliver(kCoordinator, at_its_length);
  EXPECT_EQ(to_client<Finished>().at(0).reason, FinishReason::kStop);
  EXPECT_EQ(to_client<Finished>().at(0).text, "7 ");
}

TEST_F(GatewayTest, WithoutItsStopStringAJobEndsAsTheCoordinatorSays) {
  Submit message = submit(1);
  message.stop = {"8 9"};
  deliver(kClient, message);
  deliver(kCoordinator, block(1, 0, {7, 8}));
  Finished at_its_length = end(1, {7, 8});
  at_its_length.reason = FinishReason::kLength;
  deliver(kCoordinator, at_its_length);
  EXPECT_EQ(to_client<Finished>().at(0).reason, FinishReason::kLength);
}

TEST_F(GatewayTest, WhatWasHeldBackComesAtTheEndOnce) {
  Submit message = submit(1);
  message.stop = {"8 9"};
  deliver(kClient, message);
  deliver(kCoordinator, block(1, 0, {7, 8}));
  Submit again = message;
  again.resume_after_block = 1;  // it has the tail from an earlier life of this gateway
  deliver(kOther, again);
  deliver(kCoordinator, end(1));
  EXPECT_EQ(streamed(), "7 8 ");
  EXPECT_THAT(to_client<Committed>(), SizeIs(2));
  EXPECT_THAT(to_client<Committed>(kOther), IsEmpty());
  EXPECT_EQ(to_client<Finished>().at(0).text, "7 8 ");
}

// ---- Cancels ----

TEST_F(GatewayTest, ACancelBeforeTheTextIsTokenizedIsToldToAll) {
  text.is_slow = true;
  deliver(kClient, submit(1));
  deliver(kOther, Cancel{job_id(1)});
  for (const PeerId client : {kClient, kOther}) {
    EXPECT_EQ(to_client<Rejected>(client).at(0).error.code, ErrorCode::kCancelled);
  }
  EXPECT_THAT(to_coordinator<Cancel>(), SizeIs(1)) << "it may know the job from an earlier life";
  text.answer_all();
  bed.settle();
  EXPECT_THAT(to_coordinator<Admit>(), IsEmpty());
}

TEST_F(GatewayTest, ACancellerHearsTheEndOnceAndNoBlocks) {
  run_job(1);
  deliver(kOther, Cancel{job_id(1)});
  deliver(kOther, Cancel{job_id(1)});
  deliver(kClient, Cancel{job_id(1)});
  deliver(kCoordinator, block(1, 1, {9}));
  deliver(kCoordinator, end(1));
  EXPECT_THAT(to_client<Committed>(kOther), IsEmpty());
  EXPECT_THAT(to_client<Finished>(kOther), SizeIs(1));
  EXPECT_THAT(to_client<Finished>(kClient), SizeIs(1));
}

TEST_F(GatewayTest, AJobOfAnEarlierLifeOfTheGatewayCanBeCancelled) {
  deliver(kClient, Cancel{job_id(1)});
  ASSERT_THAT(to_coordinator<Cancel>(), SizeIs(1));
  deliver(kCoordinator, end(1));
  EXPECT_THAT(to_client<Finished>(), SizeIs(1));
  deliver(kClient, Cancel{job_id(2)});
  deliver(kCoordinator, Rejected{job_id(2), {ErrorCode::kNotFound, "no job has this id"}});
  EXPECT_THAT(rejection(), HasSubstr("no job has this id"));
}

TEST_F(GatewayTest, TheAnswerToAnEarlierCancelIsNoneToAFreshJobOfTheSameId) {
  text.is_slow = true;
  deliver(kClient, submit(1));
  deliver(kClient, Cancel{job_id(1)});  // the coordinator is asked: it may know the job
  text.is_slow = false;
  deliver(kOther, submit(1));
  deliver(kCoordinator, Rejected{job_id(1), {ErrorCode::kNotFound, "no job has this id"}});
  EXPECT_THAT(to_client<Rejected>(kOther), IsEmpty());
  deliver(kCoordinator, Accepted{job_id(1), false, 3, 7});
  deliver(kCoordinator, block(1, 0, {7}));
  deliver(kCoordinator, end(1, {7}));
  EXPECT_EQ(streamed(kOther), "7 ");
  EXPECT_THAT(to_client<Finished>(kOther), SizeIs(1));
}

TEST_F(GatewayTest, TheEndThatAnswersAnEarlierCancelIsNotThatOfTheStreamBehindIt) {
  deliver(kOther, Cancel{job_id(1)});
  deliver(kClient, submit(1));
  Finished finished = end(1, {7, 8});
  finished.figures.blocks = 1;
  deliver(kCoordinator, finished);  // to the Cancel
  EXPECT_THAT(to_client<Finished>(kOther), SizeIs(1));
  EXPECT_THAT(to_client<Finished>(), IsEmpty());
  deliver(kCoordinator, block(1, 0, {7, 8}));
  deliver(kCoordinator, finished);
  EXPECT_EQ(streamed(), "7 8 ");
  EXPECT_EQ(to_client<Finished>().at(0).text, "7 8 ");
  EXPECT_THAT(to_client<Finished>(kOther), SizeIs(1));
}

TEST_F(GatewayTest, WhoCancelledBeforeAJobOfThatIdCameHearsThatThereWasNone) {
  deliver(kClient, Cancel{job_id(1)});
  deliver(kOther, submit(1));
  deliver(kCoordinator, Rejected{job_id(1), {ErrorCode::kNotFound, "no job has this id"}});
  EXPECT_THAT(rejection(), HasSubstr("no job has this id"));
  deliver(kCoordinator, Accepted{job_id(1), false, 3, 7});
  EXPECT_THAT(to_client<Accepted>(kOther), SizeIs(1));
}

TEST_F(GatewayTest, ATokenizerThatNeverAnswersEndsTheJobInWords) {
  text.is_slow = true;
  deliver(kClient, submit(1));
  text.lose_all();
  bed.advance(61s);
  EXPECT_THAT(rejection(), HasSubstr("the tokenizer did not answer"));
  text.is_slow = false;
  deliver(kClient, submit(1));
  EXPECT_THAT(to_coordinator<Admit>(), SizeIs(1));
}

// ---- The coordinator goes and comes ----

TEST_F(GatewayTest, JobsAreSentAgainToTheNextConnectionAndGoOnWhereTheyWere) {
  run_job(1);
  deliver(CoordinatorDown{kCoordinator});
  deliver(CoordinatorUp{kCoordinator + 1});
  const std::vector<Admit> again = to_coordinator<Admit>(kCoordinator + 1);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].resume_after_block, 0);
  deliver(kCoordinator + 1, Accepted{job_id(1), true, 3, 7});
  deliver(kCoordinator + 1,
          block(1, 0, {7, 8}));  // a coordinator that forgot starts from the front
  deliver(kCoordinator + 1, block(1, 1, {9}));
  deliver(kCoordinator + 1, end(1));
  deliver(kCoordinator + 1, end(1));
  EXPECT_EQ(streamed(), "7 8 9 ");
  EXPECT_THAT(to_client<Accepted>(), SizeIs(1));
  EXPECT_THAT(to_client<Finished>(), SizeIs(1));
}

TEST_F(GatewayTest, WishesAreSentAgainWithTheJob) {
  Submit message = submit(1);
  message.stop = {"7"};
  deliver(kClient, message);
  deliver(kClient, submit(2));
  deliver(kCoordinator, Accepted{job_id(1), false, 3, 7});
  deliver(CoordinatorDown{kCoordinator});
  deliver(kClient, Cancel{job_id(2)});
  deliver(kCoordinator, block(1, 0, {7}));  // was on its way
  deliver(CoordinatorUp{kCoordinator + 1});
  EXPECT_THAT(to_coordinator<StopJob>(kCoordinator + 1), SizeIs(1));
  ASSERT_THAT(to_coordinator<Cancel>(kCoordinator + 1), SizeIs(1));
  EXPECT_EQ(to_coordinator<Cancel>(kCoordinator + 1)[0].job, job_id(2));
}

TEST_F(GatewayTest, WhatTheCoordinatorHasNoRoomForIsSentLater) {
  run_job(1);
  deliver(CoordinatorDown{kCoordinator});
  wire.is_full = true;
  deliver(CoordinatorUp{kCoordinator + 1});
  deliver(kClient, Cancel{job_id(1)});
  EXPECT_THAT(to_coordinator<Admit>(kCoordinator + 1), IsEmpty());
  wire.is_full = false;
  bed.advance(1s);
  EXPECT_THAT(to_coordinator<Admit>(kCoordinator + 1), SizeIs(1));
  EXPECT_THAT(to_coordinator<Cancel>(kCoordinator + 1), SizeIs(1));
}

TEST_F(GatewayTest, AnAcceptedJobThatTheNextCoordinatorRefusesEndsWithItsError) {
  run_job(1);
  deliver(CoordinatorDown{kCoordinator});
  deliver(CoordinatorUp{kCoordinator + 1});
  deliver(kCoordinator + 1, Rejected{job_id(1), {ErrorCode::kOverloaded, "the queue is full"}});
  EXPECT_THAT(to_client<Rejected>(), IsEmpty());
  const Finished finished = to_client<Finished>().at(0);
  EXPECT_EQ(finished.reason, FinishReason::kError);
  EXPECT_EQ(finished.error->message, "the queue is full");
  EXPECT_EQ(finished.text, "7 8 ");
  EXPECT_THAT(finished.tokens, ElementsAre(7, 8));
}

TEST_F(GatewayTest, AJobThatIsLostBeforeTheNextCoordinatorCaughtUpHasTheBlocksThatWereSent) {
  run_job(1);
  deliver(kCoordinator, block(1, 1, {9}));
  deliver(CoordinatorDown{kCoordinator});
  deliver(CoordinatorUp{kCoordinator + 1});
  Finished lost = end(1, {7, 8});
  lost.reason = FinishReason::kError;
  lost.figures.blocks = 1;
  lost.figures.tokens = 2;
  deliver(kCoordinator + 1, lost);
  const Finished finished = to_client<Finished>().at(0);
  EXPECT_THAT(finished.tokens, ElementsAre(7, 8, 9));
  EXPECT_EQ(finished.figures.tokens, 3);
  EXPECT_EQ(finished.figures.blocks, 2);
}

TEST_F(GatewayTest, ADeadlineGoesOnWhileTheCoordinatorIsAway) {
  Submit message = submit(1);
  message.deadline = 10s;
  deliver(kClient, message);
  EXPECT_EQ(to_coordinator<Admit>().at(0).deadline, 10s);
  deliver(CoordinatorDown{kCoordinator});
  bed.advance(4s);
  deliver(CoordinatorUp{kCoordinator + 1});
  EXPECT_EQ(to_coordinator<Admit>(kCoordinator + 1).at(0).deadline, 6s);
}

TEST_F(GatewayTest, ADrainWaitsForEveryJobAndTakesNoNewOne) {
  Probe<Drained> drained;
  text.is_slow = true;
  run_job(1);
  deliver(kOther, submit(2));
  deliver(Drain{drained.ref()});
  deliver(kClient, submit(3));
  EXPECT_THAT(rejection(), HasSubstr("shutting down"));
  text.answer_all();
  bed.settle();
  deliver(kCoordinator, end(1));
  EXPECT_THAT(drained.received, IsEmpty());
  deliver(kCoordinator, end(2));
  EXPECT_THAT(drained.received, SizeIs(1));
}

TEST_F(GatewayTest, QuestionsAreMatchedToTheirClientsAndEndWithTheConnection) {
  deliver(kClient, GetStatus{7});
  deliver(kOther, GetStatus{7});
  const std::vector<GetStatus> asked = to_coordinator<GetStatus>();
  ASSERT_THAT(asked, SizeIs(2));
  ClusterStatus status;
  status.request = asked[1].request;
  status.model = "tiny";
  deliver(kCoordinator, status);
  EXPECT_THAT(to_client<ClusterStatus>(), IsEmpty());
  EXPECT_EQ(to_client<ClusterStatus>(kOther).at(0).request, 7u);
  EXPECT_EQ(to_client<ClusterStatus>(kOther).at(0).model, "tiny");
  deliver(CoordinatorDown{kCoordinator});
  EXPECT_EQ(to_client<ClusterStatus>().at(0).error->code, ErrorCode::kUnavailable);
}

TEST_F(GatewayTest, QuestionsForWhichThereIsNoRoomAreAnsweredSo) {
  start();
  wire.is_full = true;
  deliver(kClient, ListJobs{1});
  EXPECT_EQ(last_to<JobList>(clients, kClient).error->code, ErrorCode::kOverloaded);
  EXPECT_THAT(last_to<JobList>(clients, kClient).error->message, HasSubstr("queue is full"));
  wire.is_full = false;
  for (std::uint64_t i = 0; i < 1024; ++i) deliver(kClient, ListJobs{i});
  EXPECT_THAT(to_client<JobList>(), SizeIs(1));
  deliver(kClient, ListJobs{2000});
  EXPECT_EQ(last_to<JobList>(clients, kClient).request, 2000u);
  EXPECT_THAT(last_to<JobList>(clients, kClient).error->message,
              HasSubstr("1024 queries wait for their answers"));
}

// ---- Whose jobs they are ----

/// Two clients with keys, and an operator.
class OwnersTest : public GatewayTest {
 protected:
  static constexpr PeerId kOperator = 3;

  OwnersTest() {
    options.requester_of = [](PeerId client) {
      return Requester{"key " + std::to_string(client), client, client == kOperator};
    };
  }
};

TEST_F(OwnersTest, TheCoordinatorIsToldWhoAsks) {
  deliver(kClient, submit(1));
  EXPECT_EQ(to_coordinator<Admit>().at(0).requester, (Requester{"key 1", 1, false}));
  ListJobs pretended{5, {"key 2", 2, true}};
  deliver(kClient, pretended);
  EXPECT_EQ(to_coordinator<ListJobs>().at(0).requester, (Requester{"key 1", 1, false}));
  deliver(kOther, Cancel{job_id(9), {"key 1", 1, true}});
  EXPECT_EQ(to_coordinator<Cancel>().at(0).requester, (Requester{"key 2", 2, false}));
}

TEST_F(OwnersTest, AnotherClientNeitherFollowsNorCancelsAJob) {
  run_job(1);
  deliver(kOther, Attach{job_id(1), {}, -1});
  EXPECT_THAT(rejection(kOther), HasSubstr("no job has this id"));
  deliver(kOther, submit(1));
  EXPECT_THAT(rejection(kOther), HasSubstr("another job already has this job id"));
  deliver(kOther, Cancel{job_id(1)});
  EXPECT_THAT(rejection(kOther), HasSubstr("no job has this id"));
  EXPECT_THAT(to_coordinator<Cancel>(), IsEmpty());
  EXPECT_THAT(to_client<Committed>(kOther), IsEmpty());
  deliver(kCoordinator, end(1, {7, 8}));
  deliver(kOther, Cancel{job_id(1)});
  EXPECT_THAT(to_client<Finished>(kOther), IsEmpty());
}

TEST_F(OwnersTest, AnOperatorMay) {
  run_job(1);
  deliver(kOperator, Attach{job_id(1), {}, -1});
  EXPECT_EQ(streamed(kOperator), "7 8 ");
  deliver(kOperator, Cancel{job_id(1)});
  EXPECT_THAT(to_coordinator<Cancel>(), SizeIs(1));
  EXPECT_EQ(to_coordinator<Cancel>()[0].requester.key, "key 1") << "the gateway has checked it";
}

TEST_F(OwnersTest, APriorityAboveTheOthersIsForOperators) {
  Submit message = submit(1);
  message.priority = 1;
  deliver(kClient, message);
  EXPECT_THAT(rejection(), HasSubstr("security.operators"));
  deliver(kOperator, message);
  message = submit(2);
  message.priority = -1;
  deliver(kClient, message);
  EXPECT_THAT(to_coordinator<Admit>(), SizeIs(2));
  EXPECT_EQ(to_coordinator<Admit>()[1].priority, -1);
}

TEST_F(GatewayTest, APriorityHasItsRange) {
  Submit message = submit(1);
  message.priority = 11;
  deliver(kClient, message);
  EXPECT_THAT(rejection(), HasSubstr("must be -10 to 10"));
}

// ---- Jobs without a client ----

TEST_F(GatewayTest, AJobWhoseClientDoesNotComeBackIsCancelled) {
  run_job(1);
  deliver(PeerDown{kClient});
  bed.advance(options.client_grace - 1ms);
  EXPECT_THAT(to_coordinator<Cancel>(), IsEmpty());
  bed.advance(1ms);
  ASSERT_THAT(to_coordinator<Cancel>(), SizeIs(1));
  EXPECT_EQ(to_coordinator<Cancel>()[0].job, job_id(1));
}

TEST_F(GatewayTest, AJobWhoseClientComesBackInTimeGoesOn) {
  run_job(1);
  deliver(PeerDown{kClient});
  bed.advance(options.client_grace / 2);
  deliver(kOther, submit(1));
  bed.advance(options.client_grace);
  EXPECT_THAT(to_coordinator<Cancel>(), IsEmpty());
  deliver(PeerDown{kOther});
  bed.advance(options.client_grace);
  EXPECT_THAT(to_coordinator<Cancel>(), SizeIs(1));
}

TEST_F(GatewayTest, ADetachedJobGoesOnAndIsFetchedLater) {
  Submit message = submit(1);
  message.is_detached = true;
  deliver(kClient, message);
  EXPECT_TRUE(to_coordinator<Admit>().at(0).is_detached);
  deliver(kCoordinator, Accepted{job_id(1), false, 3, 7});
  deliver(PeerDown{kClient});
  deliver(kCoordinator, block(1, 0, {7, 8}));
  bed.advance(10 * options.client_grace);
  EXPECT_THAT(to_coordinator<Cancel>(), IsEmpty());
  deliver(kOther, Attach{job_id(1), {}, -1});
  deliver(kCoordinator, end(1, {7, 8}));
  EXPECT_EQ(streamed(kOther), "7 8 ");
  ASSERT_THAT(to_client<Finished>(kOther), SizeIs(1));
  deliver(PeerId(7), Attach{job_id(1), {}, -1});
  EXPECT_THAT(to_client<Finished>(7), SizeIs(1)) << "once it has ended, too";
}

TEST_F(GatewayTest, WhoIsGoneBeforeItsTextIsTokensIsGoneToo) {
  text.is_slow = true;
  deliver(kClient, submit(1));
  deliver(PeerDown{kClient});
  text.answer_all();
  bed.settle();
  bed.advance(options.client_grace);
  EXPECT_THAT(to_coordinator<Cancel>(), SizeIs(1));
}

TEST_F(GatewayTest, TheLimitOfOneClientIsNamed) {
  options.max_jobs_per_client = 1;
  deliver(kClient, submit(1));
  deliver(kClient, submit(2));
  EXPECT_THAT(rejection(), HasSubstr("limits.max_jobs_per_client"));
}

TEST_F(GatewayTest, AnAnswerThatIsTooLongEndsAsAnError) {
  run_job(1);
  // Every token is a digit and a blank.
  deliver(kCoordinator, block(1, 1, std::vector<std::int32_t>(kMaxAnswerBytes / 2, 7)));
  deliver(kCoordinator, end(1, {7, 8}));
  const Finished finished = to_client<Finished>().at(0);
  EXPECT_EQ(finished.reason, FinishReason::kError);
  EXPECT_THAT(finished.error->message, HasSubstr("2 MiB of text"));
  EXPECT_EQ(finished.text, "7 8 ");
}

}  // namespace
}  // namespace unmask::actors
