#include "rpc/openai/generation_answer.h"

#include <gtest/gtest.h>

#include "rpc/client/job_id.h"

namespace unmask::rpc {
namespace {

constexpr std::string_view kHead = R"("created":5,"model":"m","system_fingerprint":null,)";

AnswerHead chat_head() { return {Endpoint::kChat, "chatcmpl-1", 5, "m", false}; }

actors::Finished finished(std::string text, actors::FinishReason reason) {
  actors::Finished end;
  end.reason = reason;
  end.text = std::move(text);
  end.figures.tokens = 10;
  end.figures.forwards = 4;
  end.figures.prompt_tokens = 3;
  end.figures.blocks = 2;
  return end;
}

TEST(GenerationAnswerTest, AWholeChatIsWhatClientsOfOpenAiRead) {
  EXPECT_EQ(answer_json(chat_head(), {finished("a\"b", actors::FinishReason::kStop)}, 1),
            R"({"id":"chatcmpl-1","object":"chat.completion",)" + std::string(kHead) +
                R"("choices":[{"index":0,"message":{"role":"assistant","content":"a\"b",)"
                R"("refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{)"
                R"("prompt_tokens":3,"completion_tokens":10,"total_tokens":13,)"
                R"("prompt_tokens_details":{"cached_tokens":0},"diffusion":{)"
                R"("forward_passes":4,"blocks":2,"tokens_per_forward":2.5E0}}})");
}

TEST(GenerationAnswerTest, APromptCountsOnceForItsChoices) {
  const auto end = finished("", actors::FinishReason::kLength);
  const Usage usage = usage_of({end, end, end, end}, 2);
  EXPECT_EQ(usage.prompt_tokens, 6);
  EXPECT_EQ(usage.completion_tokens, 40);
  EXPECT_EQ(usage.forwards, 16);
}

TEST(GenerationAnswerTest, ChunksAreOfTheirChoice) {
  const std::string begin = R"({"id":"chatcmpl-1","object":"chat.completion.chunk",)" +
                            std::string(kHead) + R"("choices":[{"index":1,"delta":)";
  EXPECT_EQ(role_chunk(chat_head(), 1),
            begin + R"({"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]})");
  EXPECT_EQ(text_chunk(chat_head(), 1, "x\n"),
            begin + R"({"content":"x\n"},"logprobs":null,"finish_reason":null}]})");
  EXPECT_EQ(end_chunk(chat_head(), 1, "length"),
            begin + R"({},"logprobs":null,"finish_reason":"length"}]})");
}

TEST(GenerationAnswerTest, ChunksOfATextHaveTextAndThoseOfAStreamWithUsageHaveNone) {
  AnswerHead head{Endpoint::kText, "cmpl-1", 5, "m", true};
  EXPECT_EQ(text_chunk(head, 0, "x"),
            R"({"id":"cmpl-1","object":"text_completion",)" + std::string(kHead) +
                R"("choices":[{"index":0,"text":"x","logprobs":null,"finish_reason":null}],)"
                R"("usage":null})");
  EXPECT_EQ(event_of("{}"), "data: {}\n\n");
}

TEST(GenerationAnswerTest, OnlyAStopIsAStop) {
  EXPECT_EQ(finish_reason_of(actors::FinishReason::kStop), "stop");
  EXPECT_EQ(finish_reason_of(actors::FinishReason::kLength), "length");
  EXPECT_EQ(finish_reason_of(actors::FinishReason::kDeadline), "length");
}

TEST(GenerationAnswerTest, AJobIsFoundByTheIdOfItsAnswer) {
  const JobId job = random_job_id();
  EXPECT_EQ(*job_of_answer_id(answer_id(Endpoint::kChat, job)), job);
  EXPECT_EQ(*job_of_answer_id(answer_id(Endpoint::kText, job)), job);
  EXPECT_EQ(*job_of_answer_id(to_hex(job)), job);
  EXPECT_FALSE(job_of_answer_id("chatcmpl-"));
  EXPECT_FALSE(job_of_answer_id("x"));
}

}  // namespace
}  // namespace unmask::rpc
