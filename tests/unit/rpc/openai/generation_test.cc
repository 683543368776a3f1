#include "rpc/openai/generation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/simulation/testbed.h"

namespace unmask::rpc {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// A request, the gateway that it speaks to, and the reply that its client reads.
class GenerationTest : public testing::Test {
 public:
  ~GenerationTest() override { reply_->close(false); }

 protected:
  void start(const std::string& body, Endpoint endpoint = Endpoint::kChat,
             std::size_t max_unsent_bytes = 1 << 20) {
    auto request = parse_generation(endpoint, body);
    ASSERT_TRUE(request) << request.error().message;
    jobs_ = request->jobs;
    reply_ = std::make_shared<HttpReply>(max_unsent_bytes, [] {});
    AnswerHead head{endpoint, "id", 5, "m", false};
    Generation::start(
        std::make_shared<Generation>(std::move(*request), std::move(head),
                                     Generation::Server{bed_.env().clock, clients_, texts_}, reply_,
                                     [this](int status) { statuses_.push_back(status); }),
        {1, "127.0.0.1"});
  }

  void say(actors::WireMessage message) { clients_.take({client_, std::move(message)}); }
  void accept(std::size_t job = 0) { say(actors::Accepted{jobs_.at(job).job, false, 3, 9}); }
  void commit(const std::string& text, std::int32_t block = 0) {
    actors::Committed committed{jobs_.at(0).job, block, {0, 2}, {1, 2}, text};
    committed.logprobs = {-0.5f, -0.25f};
    say(committed);
  }
  void frame(std::int32_t token) {
    actors::Frame frame;
    frame.job = jobs_.at(0).job;
    frame.positions = {0, 1};
    frame.cells = {{token, false, 1, "t" + std::to_string(token)}};
    say(frame);
  }
  void finish(const std::string& text, std::size_t job = 0,
              actors::FinishReason reason = actors::FinishReason::kStop) {
    actors::Finished end;
    end.job = jobs_.at(job).job;
    end.reason = reason;
    end.text = text;
    end.fills = {{"middle", {}, "mid"}};
    say(end);
  }

  /// What the client was sent: the body of an answer, or all events.
  std::string sent() {
    const auto head = reply_->take_head();
    if (head) status_ = head->status;
    return head && !reply_->is_stream() ? head->body : reply_->take(1 << 20);
  }
  [[nodiscard]] std::vector<JobId> cancelled() const {
    std::vector<JobId> jobs;
    for (const actors::WireMessage& message : delivered_) {
      if (const auto* cancel = std::get_if<actors::Cancel>(&message)) jobs.push_back(cancel->job);
    }
    return jobs;
  }

  Testbed bed_;
  PeerId client_ = 0;
  std::vector<actors::WireMessage> delivered_;
  std::vector<int> statuses_;
  std::vector<actors::Submit> jobs_;
  int status_ = 0;
  const TokenTexts texts_ = [](std::int32_t token) {
    return TokenText{std::string(std::size_t(token), 'a'), std::string(std::size_t(token), 'a')};
  };
  HttpClients clients_{bed_.env().timers,
                       {[this](PeerId from, actors::WireMessage message) {
                          client_ = from;
                          delivered_.push_back(std::move(message));
                          return true;
                        },
                        [](PeerId) { return true; }}};
  std::shared_ptr<HttpReply> reply_;
};

std::string a_chat(const std::string& fields = "") {
  return R"({"messages":[{"role":"user","content":"Hi"}])" + fields + "}";
}

TEST_F(GenerationTest, AnAnswerComesWholeOnceEveryChoiceHasEnded) {
  start(a_chat(R"(,"n":2)"));
  finish("b", 1);
  EXPECT_FALSE(reply_->has_begun());
  finish("a", 0);
  EXPECT_THAT(sent(), testing::AllOf(
                          HasSubstr(R"("index":0,"message":{"role":"assistant","content":"a")"),
                          HasSubstr(R"("index":1,"message":{"role":"assistant","content":"b")")));
  EXPECT_THAT(statuses_, ElementsAre(200));
  EXPECT_THAT(cancelled(), IsEmpty());
}

TEST_F(GenerationTest, AStreamBeginsOnceItIsAcceptedAndARefusalBeforeIsAStatus) {
  start(a_chat(R"(,"stream":true)"));
  say(actors::Rejected{jobs_[0].job, {ErrorCode::kOverloaded, "the queue is full"}});
  EXPECT_THAT(sent(), HasSubstr("the queue is full"));
  EXPECT_EQ(status_, 503);
  start(a_chat(R"(,"stream":true)"));
  accept();
  commit("x");
  finish("x");
  const std::string text = sent();
  EXPECT_THAT(text, HasSubstr(R"("delta":{"content":"x"})"));
  EXPECT_THAT(text, EndsWith("data: [DONE]\n\n"));
  EXPECT_THAT(statuses_, ElementsAre(503, 200));
}

TEST_F(GenerationTest, AFrameThatWaitsComesBeforeItsBlock) {
  start(a_chat(R"(,"stream":true,"diffusion":{"stream":"frames"})"));
  frame(5);  // nothing is sent before the head
  accept();
  frame(5);
  frame(6);  // too soon after the other
  commit("x");
  const std::string text = sent();
  EXPECT_LT(text.find(R"("t5","committed")"), text.find(R"("t6","edited")"));
  EXPECT_LT(text.find(R"("t6","edited")"), text.find(R"("content":"x")"));
}

TEST_F(GenerationTest, LogprobsGoWithTheTextOfTheirTokens) {
  start(a_chat(R"(,"stream":true,"logprobs":true)"));
  accept();
  commit("a");  // the rest is held back: it may begin a stop string
  EXPECT_THAT(sent(), testing::AllOf(HasSubstr(R"("logprob":-0.5)"), Not(HasSubstr("-0.25"))));
  commit("aa", 1);
  EXPECT_THAT(sent(), HasSubstr(R"("logprob":-0.25)"));
}

TEST_F(GenerationTest, WhatIsBetweenTwoTextsIsTheAnswer) {
  start(R"({"prompt":"a","suffix":"b","stream":true})", Endpoint::kText);
  accept();
  commit("a mid b");
  finish("a mid b");
  const std::string text = sent();
  EXPECT_THAT(text, HasSubstr(R"("text":"mid")"));
  EXPECT_THAT(text, Not(HasSubstr("a mid b")));
}

TEST_F(GenerationTest, WhoLeavesTakesAlongWhatHasNotEndedAndIsNotDetached) {
  start(a_chat(R"(,"n":2)"));
  finish("a", 0);
  reply_->close(true);
  EXPECT_THAT(cancelled(), ElementsAre(jobs_[1].job));
  EXPECT_THAT(statuses_, ElementsAre(499));
  delivered_.clear();
  start(a_chat(R"(,"detach":true)"));
  reply_->close(true);
  EXPECT_THAT(cancelled(), IsEmpty());
  EXPECT_THAT(statuses_, SizeIs(1)) << "its job counts until it has ended";
  commit("x");
  finish("x");
  EXPECT_THAT(statuses_, ElementsAre(499, 499));
}

TEST_F(GenerationTest, WhoDoesNotReadIsCutOffAndItsJobEnds) {
  start(a_chat(R"(,"stream":true)"), Endpoint::kChat, 1000);
  accept();
  commit(std::string(1000, 'x'));
  EXPECT_TRUE(reply_->is_cut_off());
  EXPECT_THAT(cancelled(), SizeIs(1));
  commit("more", 1);  // nobody hears of it
}

TEST_F(GenerationTest, AFailureWithinAStreamIsAnEventWithoutTheLastOne) {
  start(a_chat(R"(,"stream":true)"));
  accept();
  finish("", 0, actors::FinishReason::kError);
  const std::string text = sent();
  EXPECT_THAT(text, HasSubstr(R"(data: {"error":{)"));
  EXPECT_THAT(text, Not(HasSubstr("[DONE]")));
  EXPECT_THAT(statuses_, ElementsAre(500));
}

}  // namespace
}  // namespace unmask::rpc
