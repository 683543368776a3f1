#include "rpc/openai/generation_answer.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace unmask::rpc {
namespace {

constexpr std::string_view kHead = R"("created":5,"model":"m","system_fingerprint":null,)";

boost::json::value parsed_json(const std::string& text) { return boost::json::parse(text); }

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
  actors::Finished end = finished("a\"b", actors::FinishReason::kStop);
  end.figures.queue_time = std::chrono::microseconds(1'250);
  EXPECT_EQ(parsed_json(answer_json(chat_head(), {end}, {}, 1)),
            parsed_json(R"({"id":"chatcmpl-1","object":"chat.completion",)" + std::string(kHead) +
                        R"("choices":[{"index":0,"message":{"role":"assistant","content":"a\"b",)"
                        R"("refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{)"
                        R"("prompt_tokens":3,"completion_tokens":10,"total_tokens":13,)"
                        R"("prompt_tokens_details":{"cached_tokens":0},"diffusion":{)"
                        R"("forward_passes":4,"blocks":2,"tokens_per_forward":2.5,)"
                        R"("queue_ms":1.3,"first_block_ms":0,"total_ms":0}}})"));
}

TEST(GenerationAnswerTest, ATextThatWasFilledInNamesWhatIsInItsHoles) {
  AnswerHead head{Endpoint::kInfill, "infill-1", 5, "m", false};
  actors::Finished end = finished("a b", actors::FinishReason::kStop);
  end.fills = {{"x", {}, "a"}, {"y", {}, "b"}};
  const auto answer = parsed_json(answer_json(head, {end}, {}, 1));
  EXPECT_EQ(answer.at("object"), "infill");
  EXPECT_EQ(answer.at("choices"),
            parsed_json(R"([{"index":0,"text":"a b","fills":[{"name":"x","text":"a"},)"
                        R"({"name":"y","text":"b"}],"logprobs":null,"finish_reason":"stop"}])"));
  EXPECT_EQ(parsed_json(end_chunk(head, 0, end)).at("choices").as_array()[0].at("fills"),
            answer.at("choices").as_array()[0].at("fills"));
}

TEST(GenerationAnswerTest, AFrameIsAChunkWithoutAChoice) {
  EXPECT_EQ(frame_chunk(chat_head(), 1, {{"block", 2}}),
            R"({"id":"chatcmpl-1","object":"chat.completion.chunk",)" + std::string(kHead) +
                R"("choices":[],"diffusion":{"block":2,"index":1}})");
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
  EXPECT_EQ(text_chunk(chat_head(), 1, "x\n", {}),
            begin + R"({"content":"x\n"},"logprobs":null,"finish_reason":null}]})");
  EXPECT_EQ(end_chunk(chat_head(), 1, finished("", actors::FinishReason::kLength)),
            begin + R"({},"logprobs":null,"finish_reason":"length"}]})");
}

TEST(GenerationAnswerTest, ChunksOfATextHaveTextAndThoseOfAStreamWithUsageHaveNone) {
  AnswerHead head{Endpoint::kText, "cmpl-1", 5, "m", true};
  EXPECT_EQ(text_chunk(head, 0, "x", {}),
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

TEST(GenerationAnswerTest, TheIdOfAnAnswerHasTheNameOfItsRequest) {
  EXPECT_EQ(answer_id(Endpoint::kChat, "mine"), "chatcmpl-mine");
  for (const Endpoint endpoint : {Endpoint::kChat, Endpoint::kText, Endpoint::kInfill}) {
    EXPECT_EQ(name_in(answer_id(endpoint, "mine")), "mine");
  }
  EXPECT_EQ(name_in("mine"), "mine");
}

}  // namespace
}  // namespace unmask::rpc
