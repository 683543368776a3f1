#include "runtime/cli/chat/chat_line.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

using Kind = ChatLine::Kind;
using testing::HasSubstr;

TEST(ChatLineTest, TextIsSaidWithoutTheBlanksAroundIt) {
  EXPECT_EQ(read_chat_line("  Hello there \r"), (ChatLine{Kind::kSay, "Hello there"}));
  EXPECT_EQ(read_chat_line(" \t "), ChatLine{});
  EXPECT_EQ(read_chat_line("//etc is a folder"), (ChatLine{Kind::kSay, "/etc is a folder"}));
}

TEST(ChatLineTest, ASlashBeginsACommand) {
  EXPECT_EQ(read_chat_line("/set  threshold=0.5 "), (ChatLine{Kind::kSet, "threshold=0.5"}));
  EXPECT_EQ(read_chat_line("/set"), (ChatLine{Kind::kSet, ""}));
  EXPECT_EQ(read_chat_line("/system Be brief."), (ChatLine{Kind::kSystem, "Be brief."}));
  EXPECT_EQ(read_chat_line("/exit"), (ChatLine{Kind::kExit, ""}));
  EXPECT_EQ(read_chat_line("/sett x"), (ChatLine{Kind::kUnknown, "sett"}));
  EXPECT_EQ(read_chat_line("/"), (ChatLine{Kind::kUnknown, ""}));
}

TEST(ChatLineTest, HelpListsEveryCommand) {
  for (const char* const name :
       {"/set NAME=VALUE", "/system", "/retry", "/clear", "/save FILE", "/help", "/exit"}) {
    EXPECT_THAT(chat_help(), HasSubstr(name));
  }
}

}  // namespace
}  // namespace unmask::cli
