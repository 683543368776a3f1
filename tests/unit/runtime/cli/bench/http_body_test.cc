#include "runtime/cli/bench/http_body.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

using testing::HasSubstr;

TEST(HttpBodyTest, ParametersStandWhereOpenAiHasThem) {
  actors::Submit job;
  job.input = actors::TextInput{"Hello"};
  job.parameters = {{"gen_length", "32"}, {"temperature", "0.5"}, {"strategy", "threshold"}};
  EXPECT_EQ(*chat_body_of(job),
            R"({"messages":[{"role":"user","content":"Hello"}],"stream":true,)"
            R"("stream_options":{"include_usage":true},"max_completion_tokens":32,)"
            R"("temperature":0.5,"diffusion":{"strategy":"threshold"}})");
  job.input = actors::TokenInput{{1, 2}, {}};
  EXPECT_THAT(chat_body_of(job).error().message, HasSubstr("a prompt or messages"));
}

constexpr const char* kText = R"({"choices":[{"index":0,"delta":{"content":"Hi"}}]})";
constexpr const char* kFinish =
    R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null})";
constexpr const char* kUsage = R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":8,)"
                               R"("diffusion":{"forward_passes":4,"blocks":2}}})";

RequestEnd end_of(const std::vector<const char*>& events) {
  ChatStream stream;
  for (const char* event : events) (void)stream.take(event);
  return stream.end();
}

TEST(HttpBodyTest, AWholeStreamSucceeded) {
  ChatStream stream;
  EXPECT_FALSE(stream.take(R"({"choices":[{"delta":{"role":"assistant","content":""}}]})"));
  EXPECT_TRUE(stream.take(kText)) << "text is a block";
  EXPECT_FALSE(stream.take(kFinish));
  EXPECT_FALSE(stream.take(kUsage));
  EXPECT_FALSE(stream.take("[DONE]"));
  const RequestEnd end = stream.end();
  EXPECT_EQ(end.failure, "");
  EXPECT_EQ(end.prompt_tokens, 3);
  EXPECT_EQ(end.tokens, 8);
  EXPECT_EQ(end.forwards, 4);
  EXPECT_EQ(end.blocks, 2);
}

TEST(HttpBodyTest, AStreamThatIsNotWholeFailed) {
  EXPECT_EQ(end_of({kText, kFinish}).failure, "the stream ended without [DONE]");
  EXPECT_EQ(end_of({kText, "[DONE]"}).failure, "the stream has no finish_reason");
  EXPECT_EQ(end_of({kText, R"({"error":{"message":"lost"}})", "[DONE]"}).failure, "lost");
  EXPECT_EQ(end_of({"nonsense"}).failure, "an event of the stream is no JSON object");
}

TEST(HttpBodyTest, AnAnswerThatIsNoStreamSaysWhy) {
  EXPECT_EQ(error_of_answer(401, R"({"error":{"message":"wrong key"}})"), "HTTP 401: wrong key");
  EXPECT_EQ(error_of_answer(502, "Bad Gateway"), "HTTP 502: Bad Gateway");
  EXPECT_EQ(error_of_answer(503, ""), "HTTP 503");
}

}  // namespace
}  // namespace unmask::cli
