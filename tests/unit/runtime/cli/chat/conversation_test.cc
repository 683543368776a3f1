#include "runtime/cli/chat/conversation.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tokenizer::ChatMessage;

TEST(ConversationTest, EveryTurnIsSaidAgain) {
  Conversation conversation;
  conversation.set_system("Be brief.");
  conversation.say("Hi");
  conversation.answer("Hello");
  conversation.say("Who are you?");
  EXPECT_THAT(conversation.messages(),
              ElementsAre(ChatMessage{"system", "Be brief."}, ChatMessage{"user", "Hi"},
                          ChatMessage{"assistant", "Hello"}, ChatMessage{"user", "Who are you?"}));
  EXPECT_EQ(conversation.to_json(),
            R"([{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},)"
            R"({"role":"assistant","content":"Hello"},{"role":"user","content":"Who are you?"}])"
            "\n");
  conversation.set_system("");
  conversation.clear();
  EXPECT_THAT(conversation.messages(), IsEmpty());
}

TEST(ConversationTest, WhatNothingCameOfIsTakenBack) {
  Conversation conversation;
  EXPECT_FALSE(conversation.take_back_question());
  EXPECT_FALSE(conversation.take_back_answer()) << "there is nothing to say again";
  conversation.say("Hi");
  EXPECT_TRUE(conversation.take_back_question());
  EXPECT_THAT(conversation.messages(), IsEmpty());
  conversation.say("Hi");
  conversation.answer("Hello");
  EXPECT_FALSE(conversation.take_back_question()) << "it was answered";
  EXPECT_TRUE(conversation.take_back_answer());
  EXPECT_THAT(conversation.messages(), ElementsAre(ChatMessage{"user", "Hi"}));
  EXPECT_TRUE(conversation.take_back_answer()) << "it is said again";
}

TEST(ConversationTest, AParameterIsSetOnceAndRefusedBesideOthersAtOnce) {
  Conversation conversation;
  ASSERT_TRUE(conversation.set("threshold=0.5"));
  ASSERT_TRUE(conversation.set("threshold=0.6"));
  EXPECT_THAT(conversation.parameters(), ElementsAre(actors::Parameter{"threshold", "0.6"}));
  EXPECT_THAT(conversation.set("treshold=1").error().message, HasSubstr("did you mean threshold"));
  EXPECT_THAT(conversation.set("strategy=fixed").error().message, HasSubstr("no effect"));
  EXPECT_THAT(conversation.set("nothing").error().message, HasSubstr("name=value"));
  EXPECT_THAT(conversation.parameters(), ElementsAre(actors::Parameter{"threshold", "0.6"}));
}

}  // namespace
}  // namespace unmask::cli
