#include "rpc/client/streamed_answer.h"

#include <gmock/gmock.h>

namespace unmask::rpc {
namespace {

using actors::FinishReason;
using testing::ElementsAre;

/// Three blocks that were told, and ends that know the first of them.
class StreamedAnswerTest : public testing::Test {
 protected:
  [[nodiscard]] actors::Finished complete(FinishReason reason) const {
    StreamedAnswer answer(submit);
    for (std::int32_t i = 0; i < 3; ++i) answer.add({{}, i, {}, {i}, std::to_string(i)});
    actors::Finished end;
    end.reason = reason;
    end.tokens = {0};
    end.text = "0";
    end.figures.tokens = end.figures.blocks = 1;
    answer.complete(end);
    return end;
  }

  actors::Submit submit;
};

TEST_F(StreamedAnswerTest, AnEndBeforeItsTimeGetsTheBlocksThatItsServersForgot) {
  for (const auto reason :
       {FinishReason::kCancelled, FinishReason::kDeadline, FinishReason::kError}) {
    const actors::Finished end = complete(reason);
    EXPECT_THAT(end.tokens, ElementsAre(0, 1, 2));
    EXPECT_EQ(end.text, "012");
    EXPECT_EQ(end.figures.tokens, 3);
    EXPECT_EQ(end.figures.blocks, 3);
  }
}

TEST_F(StreamedAnswerTest, AWholeAnswerIsTheServers) {
  EXPECT_THAT(complete(FinishReason::kLength).tokens, ElementsAre(0));
  EXPECT_THAT(complete(FinishReason::kStop).tokens, ElementsAre(0));
}

TEST_F(StreamedAnswerTest, BlocksBehindThoseThatOnlyTheCallerHasAreNoAnswer) {
  submit.resume_after_block = 4;
  EXPECT_THAT(complete(FinishReason::kCancelled).tokens, ElementsAre(0));
}

}  // namespace
}  // namespace unmask::rpc
