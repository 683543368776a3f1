#include "rpc/client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rpc/client/scripted_gateway.h"

namespace unmask::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Address kProgram = 1;
constexpr int kNumBlocks = 12;

JobId job_id(std::uint8_t number) {
  JobId id;
  id.bytes[0] = number;
  return id;
}

actors::Submit submit_of(std::uint8_t number) {
  actors::Submit submit;
  submit.job = job_id(number);
  submit.input = actors::TextInput{"hello", false};
  return submit;
}

actors::Committed block_of(JobId job, int block) {
  return {job, block, {4 * block, 4 * block + 4}, {block}, "<" + std::to_string(block) + ">"};
}

actors::Finished end_of(JobId job, actors::FinishReason reason = actors::FinishReason::kStop) {
  actors::Finished finished;
  finished.job = job;
  finished.reason = reason;
  return finished;
}

/// What a program heard of its jobs.
struct Heard {
  [[nodiscard]] JobEvents events() {
    return {.on_accepted = [this](const actors::Accepted& /*news*/) { ++num_accepted; },
            .on_queued = [this](const actors::Queued& news) { places.push_back(news.place); },
            .on_frame = [this](const actors::Frame& /*news*/) { ++num_frames; },
            .on_block = [this](const actors::Committed& news) { blocks.push_back(news.block); },
            .on_end = [this](const Result<actors::Finished>& end) { ends.push_back(end); }};
  }

  int num_accepted = 0, num_frames = 0;
  std::vector<int> places, blocks;
  std::vector<Result<actors::Finished>> ends;
};

class ClientTest : public testing::Test {
 protected:
  void start(NetworkOptions network = {}, Link::Options gateway_options = {}) {
    simulation = std::make_unique<Simulation>(3, network);
    gateway = std::make_unique<ScriptedGateway>(*simulation, gateway_options);
    start_client();
  }
  void start_client() {
    simulation->start(kProgram);
    client = std::make_unique<Client>(simulation->process(kProgram).env(),
                                      Client::Options{.endpoint = "tcp://here:1"});
    client->bind(simulation->network().attach(kProgram, client->transport_events()));
    simulation->network().dial(kProgram, kGateway);
  }
  /// One block a time, one every 100 ms, from where the client asks to go on.
  void serve_blocks() {
    gateway->script = [this](PeerId peer, const actors::WireMessage& message) {
      const auto* submit = std::get_if<actors::Submit>(&message);
      if (submit == nullptr) return;
      gateway->deliver(peer, actors::Accepted{submit->job, submit->resume_after_block >= 0, 3, 3});
      serve_block(peer, submit->job, submit->resume_after_block + 1);
    };
  }
  void serve_block(PeerId peer, JobId job, int block) {
    if (block == kNumBlocks) return (void)gateway->links.send({peer, end_of(job)});
    if (!gateway->links.send({peer, block_of(job, block)})) return;  // the client is gone
    simulation->process(kGateway).env().timers.after(
        milliseconds(100), [this, peer, job, block] { serve_block(peer, job, block + 1); });
  }
  static std::vector<int> all_blocks() {
    std::vector<int> blocks;
    for (int i = 0; i < kNumBlocks; ++i) blocks.push_back(i);
    return blocks;
  }
  void run(Duration duration) { simulation->run_for(duration); }

  std::unique_ptr<Simulation> simulation;
  std::unique_ptr<ScriptedGateway> gateway;
  std::unique_ptr<Client> client;
  Heard heard;
};

TEST_F(ClientTest, AJobThatIsSubmittedBeforeTheConnectionIsUpIsServedInOrder) {
  start();
  serve_blocks();
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(5));
  EXPECT_EQ(heard.num_accepted, 1);
  EXPECT_EQ(heard.blocks, all_blocks());
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_TRUE(heard.ends[0]);
}

TEST_F(ClientTest, EachBlockComesOnceThoughFramesAreLostAndConnectionsAreCut) {
  start({.loss = 0.05});
  serve_blocks();
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  for (int i = 0; i < 4; ++i) {
    run(milliseconds(350));
    simulation->network().cut(kProgram, kGateway);
  }
  run(seconds(60));
  EXPECT_EQ(heard.blocks, all_blocks());
  EXPECT_EQ(heard.num_accepted, 1);
  EXPECT_EQ(heard.ends.size(), 1u);
  const std::vector<actors::Submit> submits = gateway->heard_of<actors::Submit>();
  ASSERT_GE(submits.size(), 3u);
  EXPECT_GT(submits.back().resume_after_block, 0) << "it asked for everything again";
}

TEST_F(ClientTest, ABlockThatCameAlreadyIsNoNews) {
  start();
  gateway->script = [&](PeerId peer, const actors::WireMessage& message) {
    if (!std::holds_alternative<actors::Submit>(message)) return;
    for (const int block : {0, 0, 1, 0, 1, 2}) gateway->deliver(peer, block_of(job_id(1), block));
  };
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(1));
  EXPECT_THAT(heard.blocks, ElementsAre(0, 1, 2));
}

TEST_F(ClientTest, JobsAreAskedForInTheOrderInWhichTheyWereSubmitted) {
  start();
  for (const std::uint8_t number : {5, 1, 9, 3}) ASSERT_TRUE(client->submit(submit_of(number), {}));
  run(seconds(1));
  simulation->network().cut(kProgram, kGateway);
  run(seconds(1));
  std::vector<int> numbers;
  for (const actors::Submit& submit : gateway->heard_of<actors::Submit>())
    numbers.push_back(submit.job.bytes[0]);
  EXPECT_THAT(numbers, ElementsAre(5, 1, 9, 3, 5, 1, 9, 3));
}

TEST_F(ClientTest, ARefusalEndsTheJobWithTheServersSentence) {
  start();
  gateway->script = [&](PeerId peer, const actors::WireMessage& message) {
    const JobId job = std::get<actors::Submit>(message).job;
    gateway->deliver(peer, actors::Rejected{job, {ErrorCode::kOverloaded, "the queue is full"}});
  };
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(1));
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_EQ(heard.ends[0].error().message, "the queue is full");
}

TEST_F(ClientTest, AGatewayThatJustCameBackAndIsNotReadyIsAskedAgain) {
  start();
  int num_refusals = 0;
  gateway->script = [&](PeerId peer, const actors::WireMessage& message) {
    const auto& submit = std::get<actors::Submit>(message);
    if (submit.resume_after_block < 0) {
      gateway->deliver(peer, actors::Accepted{submit.job, false, 3, 3});
      return gateway->deliver(peer, block_of(submit.job, 0));
    }
    if (++num_refusals < 4) {
      return gateway->deliver(peer,
                              actors::Rejected{submit.job, {ErrorCode::kUnavailable, "not yet"}});
    }
    gateway->deliver(peer, end_of(submit.job));
  };
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(1));
  simulation->network().cut(kProgram, kGateway);
  run(seconds(5));
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_TRUE(heard.ends[0]);
  EXPECT_EQ(num_refusals, 4);
}

TEST_F(ClientTest, WhatTheServerWouldNotReadIsRefusedHereByName) {
  start();
  actors::Submit submit = submit_of(1);
  submit.input = actors::TextInput{std::string(300'000, 'x'), false};
  const Result<> result = client->submit(submit, heard.events());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(result.error().message, HasSubstr("the prompt has 300000 bytes"));
  EXPECT_TRUE(heard.ends.empty());
}

TEST_F(ClientTest, AnIdIsUsedForOneJobAtATime) {
  start();
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  const Result<> again = client->submit(submit_of(1), heard.events());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ClientTest, CancellingEndsAJobWhoeverSubmittedIt) {
  start();
  gateway->script = [&](PeerId peer, const actors::WireMessage& message) {
    if (const auto* cancel = std::get_if<actors::Cancel>(&message)) {
      gateway->deliver(peer, end_of(cancel->job, actors::FinishReason::kCancelled));
    }
  };
  Heard other;
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(1));
  client->cancel(job_id(1));
  client->cancel(job_id(2), other.events());
  run(seconds(1));
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_EQ(heard.ends[0]->reason, actors::FinishReason::kCancelled);
  ASSERT_EQ(other.ends.size(), 1u);
}

TEST_F(ClientTest, ACancelThatFindsAJobBeforeItIsServedAgainDoesNotEndItWithoutItsBlocks) {
  start();
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(1));
  simulation->network().cut(kProgram, kGateway);
  client->cancel(job_id(1));
  // The coordinator, which has the job, comes back between the two messages.
  bool is_ready = false;
  gateway->script = [&](PeerId peer, const actors::WireMessage& message) {
    if (std::holds_alternative<actors::Cancel>(message)) {
      is_ready = true;
      return gateway->deliver(peer, end_of(job_id(1)));
    }
    if (!std::holds_alternative<actors::Submit>(message)) return;
    if (!is_ready) {
      return gateway->deliver(peer,
                              actors::Rejected{job_id(1), {ErrorCode::kUnavailable, "not yet"}});
    }
    gateway->deliver(peer, block_of(job_id(1), 0));
    gateway->deliver(peer, end_of(job_id(1)));
  };
  run(seconds(5));
  EXPECT_THAT(heard.blocks, ElementsAre(0));
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_TRUE(heard.ends[0]);
}

TEST_F(ClientTest, ACancelThatIsAnsweredAfterItsJobWasSubmittedAgainDoesNotEndItWithoutItsBlocks) {
  start();
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  client->cancel(job_id(1));
  gateway->script = [&](PeerId peer, const actors::WireMessage& message) {
    if (!std::holds_alternative<actors::Cancel>(message)) return;
    actors::Finished end = end_of(job_id(1), actors::FinishReason::kCancelled);
    end.figures.blocks = 1;
    gateway->deliver(peer, end);
    gateway->deliver(peer, block_of(job_id(1), 0));
    gateway->deliver(peer, end);
  };
  run(seconds(5));
  EXPECT_THAT(heard.blocks, ElementsAre(0));
  ASSERT_EQ(heard.ends.size(), 1u);
}

TEST_F(ClientTest, AJobThatFailsWhereItWasForgottenHasTheBlocksThatWereTold) {
  start();
  gateway->script = [&](PeerId peer, const actors::WireMessage& message) {
    const auto& submit = std::get<actors::Submit>(message);
    if (submit.resume_after_block < 0) {
      for (const int block : {0, 1}) gateway->deliver(peer, block_of(submit.job, block));
      return;
    }
    actors::Finished end = end_of(submit.job, actors::FinishReason::kError);
    end.tokens = {0};
    end.figures.blocks = 1;
    gateway->deliver(peer, end);
  };
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(1));
  simulation->network().cut(kProgram, kGateway);
  run(seconds(5));
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_THAT(heard.ends[0]->tokens, ElementsAre(0, 1));
  EXPECT_EQ(heard.ends[0]->text, "<0><1>");
}

TEST_F(ClientTest, ACancellationAndAQuestionSurviveTheConnection) {
  start();
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(1));
  simulation->network().cut(kProgram, kGateway);
  run(milliseconds(50));
  client->cancel(job_id(1));
  std::vector<Result<actors::JobList>> lists;
  client->list([&](const Result<actors::JobList>& list) { lists.push_back(list); });
  gateway->script = [&](PeerId peer, const actors::WireMessage& message) {
    if (const auto* cancel = std::get_if<actors::Cancel>(&message)) {
      gateway->deliver(peer, end_of(cancel->job, actors::FinishReason::kCancelled));
    }
    if (const auto* question = std::get_if<actors::ListJobs>(&message)) {
      gateway->deliver(peer, actors::JobList{question->request, {}, {}});
    }
  };
  run(seconds(2));
  EXPECT_EQ(heard.ends.size(), 1u);
  EXPECT_EQ(lists.size(), 1u);
}

TEST_F(ClientTest, AnswersFindTheirQuestions) {
  start();
  gateway->script = [&](PeerId peer, const actors::WireMessage& message) {
    actors::ClusterStatus status;
    status.request = std::get<actors::GetStatus>(message).request;
    status.model = std::to_string(status.request);
    gateway->deliver(peer, status);
  };
  std::vector<std::string> models;
  for (int i = 0; i < 3; ++i) {
    client->status(
        [&](const Result<actors::ClusterStatus>& status) { models.push_back(status->model); });
  }
  run(seconds(1));
  EXPECT_THAT(models, ElementsAre("1", "2", "3"));
}

TEST_F(ClientTest, AQuestionMayBeAnsweredWithAnError) {
  start();
  gateway->script = [&](PeerId peer, const actors::WireMessage& message) {
    actors::JobList list;
    list.request = std::get<actors::ListJobs>(message).request;
    list.error = Error{ErrorCode::kUnavailable, "the coordinator cannot be reached"};
    gateway->deliver(peer, list);
  };
  std::vector<Result<actors::JobList>> lists;
  client->list([&](const Result<actors::JobList>& list) { lists.push_back(list); });
  run(seconds(1));
  ASSERT_EQ(lists.size(), 1u);
  ASSERT_FALSE(lists[0]);
  EXPECT_EQ(lists[0].error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(lists[0].error().message, "the coordinator cannot be reached");
  EXPECT_FALSE(client->failure()) << "others are answered";
}

TEST_F(ClientTest, NobodyListeningIsSaidInTimeWithTheEndpoint) {
  simulation = std::make_unique<Simulation>(3);
  start_client();
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(milliseconds(4900));
  EXPECT_TRUE(heard.ends.empty());
  run(milliseconds(200));
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_EQ(heard.ends[0].error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(heard.ends[0].error().message, "nobody answered at tcp://here:1 within 5 s");
  EXPECT_FALSE(client->submit(submit_of(2), heard.events()));
}

TEST_F(ClientTest, AGatewayThatDoesNotComeBackEndsWhatWaitsInTime) {
  start();
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(1));
  simulation->kill(kGateway);
  run(seconds(29));
  EXPECT_TRUE(heard.ends.empty());
  run(seconds(2));
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_THAT(heard.ends[0].error().message,
              HasSubstr("within 30 s after the connection was lost"));
}

TEST_F(ClientTest, ConnectionsThatNothingComesThroughAreBoundedToo) {
  start();
  gateway->script = [&](PeerId peer, const actors::WireMessage& /*message*/) {
    gateway->links.disconnect({peer, DownReason::kProtocol});
  };
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(40));
  EXPECT_EQ(heard.ends.size(), 1u);
}

TEST_F(ClientTest, AnIdleClientOutlivesAnyNumberOfConnections) {
  start();
  serve_blocks();
  for (int i = 0; i < 5; ++i) {
    run(seconds(60));
    simulation->network().cut(kProgram, kGateway);
  }
  run(seconds(60));
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(5));
  EXPECT_EQ(heard.blocks, all_blocks());
}

TEST_F(ClientTest, AnotherVersionIsRefusedAtOnceInWords) {
  Link::Options options;
  options.hello.min_version = options.hello.max_version = 9;
  start({}, options);
  ASSERT_TRUE(client->submit(submit_of(1), heard.events()));
  run(seconds(1));
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_THAT(heard.ends[0].error().message, HasSubstr("protocol 9"));
}

TEST_F(ClientTest, AResubmittedJobHasWhatIsLeftOfItsDeadline) {
  start();
  actors::Submit submit = submit_of(1);
  submit.deadline = seconds(10);
  ASSERT_TRUE(client->submit(submit, heard.events()));
  run(seconds(4));
  simulation->network().cut(kProgram, kGateway);
  run(seconds(2));
  const std::vector<actors::Submit> submits = gateway->heard_of<actors::Submit>();
  ASSERT_EQ(submits.size(), 2u);
  EXPECT_LT(submits[1].deadline, milliseconds(6001));
  EXPECT_GT(submits[1].deadline, milliseconds(4000));
}

}  // namespace
}  // namespace unmask::rpc
