#include "rpc/codec/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "runtime/base/rng.h"

namespace unmask::rpc {
namespace {

using testing::HasSubstr;

JobId job(std::uint8_t n) {
  JobId id;
  id.bytes.fill(n);
  return id;
}

SequenceStep sequence_step() {
  SequenceStep step;
  step.sequence = 7;
  step.phase = Phase::kRefresh;
  step.iteration = 3;
  step.num_positions = 40;
  step.window = {{{0, 40}}, {{0, 5}, {9, 12}}, {{0, 40}}, {{30, 40}}, {{30, 31}}, 16};
  step.inputs = {1, 2, kSoftRow};
  step.guidance_inputs = {4};
  step.rules = {{5, 6}, {7}, 500, 0.5f, 99, 1.5f};
  step.statistics = kEntropy | kPresentLogit;
  step.present = {-1, 3};
  step.listed = {{0, 1}, {8}, {0.25f}};
  step.mix_weight = 0.75f;
  step.mask_token = 9;
  return step;
}

CandidateColumns columns() {
  return {{1, 2}, {3, 4},       {0.5f, 0.25f}, {1.5f, 2.5f}, {0.1f, 0.2f},
          {5, 6}, {0.3f, 0.4f}, {7, 8},        {0.6f, 0.7f}, {0.8f}};
}

/// One of every type, every field away from its default.
std::vector<actors::WireMessage> examples() {
  const Error error{ErrorCode::kOverloaded, "too much"};
  const actors::Requester requester{"key", 7, true};
  const actors::ProcessIdentity process{{actors::Role::kGateway, 1, 2},
                                        3,
                                        "host",
                                        "http://h:1",
                                        actors::EndReason::kDevice,
                                        "it was lost"};
  const actors::MemberStatus member{process, "ready", "phase", 0.5f};
  const actors::Capacity capacity{100, 16, 512, 4096, 12345, 6789, 77};
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  const actors::JobFigures figures{10, 5, 7, 2, microseconds(1), microseconds(2), microseconds(3)};
  std::vector<actors::WireMessage> all{
      actors::Submit{job(1),
                     "m",
                     actors::TextInput{"h\u00e9llo", true, true},
                     {{"a", "b"}},
                     {"stop"},
                     milliseconds(5),
                     {false, true, true, true},
                     3,
                     true,
                     -4},
      actors::Admit{job(2),
                    requester,
                    42,
                    {{1, 2, 3}, {{1, 2}}, {{4, 5}, {{{1, 2}, {6, -1}}}}},
                    {{"a", "b"}},
                    milliseconds(6),
                    {false, true, true},
                    4,
                    true,
                    5},
      actors::Cancel{job(3), requester},
      actors::StopJob{job(4)},
      actors::Accepted{job(5), true, 6, 7},
      actors::Queued{job(6), 3, "because"},
      actors::Committed{
          job(7), 2, {3, 9}, {1, 2}, "text", {{4, 5}, {7, 8}}, {-0.5f, actors::kNoLogprob}},
      actors::Frame{job(8), 1, 2, {3, 4}, 5, {{6, true, 0.5f, "x"}}},
      actors::Traced{job(9), {1, 2}, sequence_step(), columns(), {{3, -1}}, Range{4, 5}},
      actors::Finished{job(10),
                       actors::FinishReason::kError,
                       error,
                       {1, 2},
                       {3, 4},
                       "text",
                       figures,
                       {{"name", {5, 6}, "fill"}}},
      actors::Rejected{job(11), error},
      actors::ListJobs{12, requester},
      actors::JobList{13,
                      {{job(14), "client", actors::JobSummary::State::kRunning, 1, 2, 3, 4,
                        milliseconds(5), "stop", milliseconds(3)}},
                      error},
      actors::GetStatus{15},
      actors::ClusterStatus{
          16, "1.0", "m", 3, true, 1, 2, 3, 4, milliseconds(5), "memory", {member}, error},
      actors::Join{process, 4, 5, "exact f32", "cpu-avx2", capacity},
      actors::Welcome{3, milliseconds(100)},
      actors::JoinRejected{error},
      actors::Loading{process, "weights", 4, 5},
      actors::Heartbeat{17},
      actors::HeartbeatAck{18},
      actors::FormGroup{1, 2, 3, 4},
      actors::GroupAddress{1, 2, {std::byte(1), std::byte(2)}},
      actors::GroupAddresses{1, {{std::byte(1)}, {}}},
      actors::GroupReady{1, 2},
      actors::LeaveGroup{1, "why"},
      actors::GroupFailed{1, 2, error},
      Step{1, 2, {sequence_step()}, {3, 4}, 2},
      StepResult{1, 2, {{3, 4, columns(), error, 8}}, 5, microseconds(6), microseconds(7), true},
      actors::Inspect{1, 2, {3, 4}, 5, true},
      actors::Inspected{1, {"logits", true, 0, 2, 2, {1, 2, 3, 4}}, true, error},
      actors::InspectMore{1},
      actors::EndBurst{3, 17},
      actors::Attach{job(15), {false, true, true}, 6},
      actors::ServiceState{false, "worker 1: absent"},
      actors::Leaving{"why"},
  };
  all.push_back(
      actors::Submit{job(1), "", actors::ChatInput{{{"user", "hi"}}}, {}, {}, {}, {}, -1});
  all.push_back(
      actors::Submit{job(1), "", actors::TokenInput{{1, 2}, {{0, 1}}}, {}, {}, {}, {}, -1});
  const actors::TemplateInput given{{{"user", "hi"}}, "{{a:1}}", infilling::Format::kJson};
  all.push_back(actors::Submit{job(1), "", given, {}, {}, {}, {}, -1});
  return all;
}

TEST(CodecTest, EveryTypeHasAnExampleHere) {
  std::vector<bool> seen(num_message_types());
  for (const actors::WireMessage& message : examples())
    seen[std::size_t(type_of(message) - 1)] = true;
  EXPECT_THAT(seen, testing::Each(true));
}

TEST(CodecTest, EveryMessageComesBackAsItWas) {
  for (const actors::WireMessage& message : examples()) {
    const Bytes bytes = encode(message);
    const Result<actors::WireMessage> decoded = decode(type_of(message), bytes);
    ASSERT_TRUE(decoded) << traits_of(type_of(message))->name << decoded.error().message;
    EXPECT_EQ(decoded->index(), message.index());
    // The encoding is canonical for what we build, so equal bytes are equal messages.
    EXPECT_EQ(encode(*decoded), bytes) << traits_of(type_of(message))->name;
  }
}

TEST(CodecTest, FieldsKeepTheirPlaces) {
  const Result<actors::WireMessage> decoded = decode(2, encode(examples()[1]));
  ASSERT_TRUE(decoded);
  const auto& admit = std::get<actors::Admit>(*decoded);
  EXPECT_EQ(admit.job, job(2));
  EXPECT_EQ(admit.body_digest, 42u);
  EXPECT_EQ(admit.input.tokens, (std::vector<std::int32_t>{1, 2, 3}));
  EXPECT_EQ(admit.input.holes, (Ranges{{1, 2}}));
  EXPECT_EQ(admit.deadline.count(), 6);
  EXPECT_EQ(admit.resume_after_block, 4);
  EXPECT_EQ(admit.requester, (actors::Requester{"key", 7, true}));
  EXPECT_TRUE(admit.is_detached);
  EXPECT_EQ(admit.priority, 5);
  const Result<actors::WireMessage> step = decode(28, encode(examples()[27]));
  ASSERT_TRUE(step);
  EXPECT_EQ(std::get<Step>(*step).sequences[0].window, sequence_step().window);
  EXPECT_EQ(std::get<Step>(*step).sequences[0].rules, sequence_step().rules);
}

TEST(CodecTest, EveryTruncationIsRefused) {
  for (const actors::WireMessage& message : examples()) {
    const Bytes bytes = encode(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode(type_of(message), ByteView(bytes).first(size)));
    }
  }
}

TEST(CodecTest, FlippedBytesAreReadOrRefusedButNeverCrash) {
  Rng rng(1);
  int num_refused = 0;
  for (const actors::WireMessage& message : examples()) {
    const Bytes bytes = encode(message);
    for (int i = 0; i < 200; ++i) {
      Bytes broken = bytes;
      for (int flips = 0; flips < 3; ++flips) {
        broken[rng.below(broken.size())] = std::byte(rng.below(256));
      }
      num_refused += !decode(type_of(message), broken);
    }
  }
  EXPECT_GT(num_refused, 0);
}

TEST(CodecTest, TextThatIsNotUtf8IsRefusedByName) {
  actors::Submit submit{job(1), "", actors::TextInput{"\xff\xfe", false}, {}, {}, {}, {}, -1};
  const Result<actors::WireMessage> decoded = decode(1, encode(submit));
  ASSERT_FALSE(decoded);
  EXPECT_THAT(decoded.error().message, HasSubstr("the prompt is not UTF-8"));
}

TEST(CodecTest, APromptOverTheLimitIsRefusedWithTheFigure) {
  actors::Submit submit{job(1), "", actors::TextInput{std::string(300'000, 'x'), false}, {}, {}, {},
                        {},     -1};
  const Result<actors::WireMessage> decoded = decode(1, encode(submit));
  ASSERT_FALSE(decoded);
  EXPECT_THAT(decoded.error().message, HasSubstr("262144"));
}

TEST(CodecTest, AServiceIsReadyIfAndOnlyIfItSaysNoReason) {
  const MessageType type = type_of(actors::ServiceState{});
  EXPECT_TRUE(decode(type, encode(actors::ServiceState{true, ""})));
  EXPECT_FALSE(decode(type, encode(actors::ServiceState{true, "why"})));
  EXPECT_FALSE(decode(type, encode(actors::ServiceState{false, ""})));
}

TEST(CodecTest, AnUnknownTypeIsRefused) {
  EXPECT_FALSE(decode(0, encode(examples()[0])));
  EXPECT_FALSE(decode(MessageType(num_message_types() + 1), encode(examples()[0])));
}

}  // namespace
}  // namespace unmask::rpc
