#include "runtime/cli/eval/task_items.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fstream>

#include "runtime/cli/eval/fill_in.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

json::object object_of(const char* text) { return json::parse(text).as_object(); }

class ReadObjectsTest : public testing::Test {
 public:
  ~ReadObjectsTest() override { std::remove(path_.c_str()); }

 protected:
  Result<> read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return read_objects(path_, [&](const json::object& object) -> Result<> {
      if (object.contains("bad")) return invalid("it is bad");
      ++num_taken_;
      return {};
    });
  }
  const std::string path_ = testing::TempDir() + "/items" + std::to_string(getpid()) + ".jsonl";
  int num_taken_ = 0;
};

TEST_F(ReadObjectsTest, LinesAndListsAreBothItems) {
  EXPECT_TRUE(read("{\"a\": 1}\r\n\n {\"a\": 2}"));
  EXPECT_EQ(num_taken_, 2);
  EXPECT_TRUE(read("[{\"a\": 1},\n {\"a\": 2}, {}]\n"));
  EXPECT_EQ(num_taken_, 5);
}

TEST_F(ReadObjectsTest, WhatIsWrongIsNamedWithFileAndLine) {
  EXPECT_EQ(read("{}\n\n{\"bad\": 1}\n").error().message, "'" + path_ + "' line 3: it is bad");
  EXPECT_THAT(read("{}\n{\"a\": \n").error().message, HasSubstr("' line 2: not JSON: "));
  EXPECT_THAT(read("{}\n7\n").error().message, HasSubstr("' line 2: not a JSON object"));
  EXPECT_THAT(read("[{}, 7]").error().message, HasSubstr("' entry 1: not a JSON object"));
  EXPECT_THAT(read("\n \n").error().message, HasSubstr("has no item"));
  EXPECT_THAT(read("[]").error().message, HasSubstr("has no item"));
}

TEST(ItemOf, ReadsPromptsMessagesAndPython) {
  const auto text = item_of(object_of(R"({"prompt": "p", "answer": "a", "verifier": "exact"})"));
  ASSERT_TRUE(text);
  EXPECT_EQ(std::get<actors::TextInput>(text->input).text, "p");
  EXPECT_EQ(text->answer, "a");
  const auto chat = item_of(object_of(
      R"({"messages": [{"role": "user", "content": "p"}], "answer": "a", "verifier": "choice"})"));
  ASSERT_TRUE(chat);
  EXPECT_EQ(std::get<actors::ChatInput>(chat->input).messages.size(), 1u);
  const auto code =
      item_of(object_of(R"({"prompt": "p", "verifier": "python", "cases": [[[1], 2]]})"));
  ASSERT_TRUE(code);
  EXPECT_THAT(code->json, HasSubstr("cases"));
  EXPECT_NE(text->digest, chat->digest);
}

TEST(ItemOf, NamesWhatIsMissingOrOfAnotherKind) {
  const auto error = [](const char* text) { return item_of(object_of(text)).error().message; };
  EXPECT_THAT(error(R"({"answer": "a", "verifier": "exact"})"), HasSubstr("\"prompt\""));
  EXPECT_THAT(error(R"({"prompt": 1, "answer": "a", "verifier": "exact"})"),
              HasSubstr("\"prompt\""));
  EXPECT_THAT(error(R"({"prompt": "p", "verifier": "exact"})"), HasSubstr("\"answer\""));
  EXPECT_THAT(error(R"({"prompt": "p", "answer": "a"})"), HasSubstr("\"verifier\""));
  EXPECT_THAT(error(R"({"prompt": "p", "verifier": "python"})"), HasSubstr("\"checker\""));
  EXPECT_THAT(error(R"({"prompt": "p", "verifier": "python", "cases": [[1, 2]]})"),
              HasSubstr("\"cases\""));
}

TEST(FillIn, PutsMembersIntoATextAndNamesThoseThatAreMissing) {
  const json::object fields = object_of(R"({"a": "x{b}", "list": ["1", "2"], "n": 3})");
  EXPECT_EQ(*fill_in("{a} {{ {list} {n}", fields), "x{b} { 1\n2 3");
  EXPECT_EQ(fill_in("{c}", fields).error().message, "\"c\" is missing");
  EXPECT_THAT(fill_in("{c", fields).error().message, HasSubstr("never closed"));
}

}  // namespace
}  // namespace unmask::cli
