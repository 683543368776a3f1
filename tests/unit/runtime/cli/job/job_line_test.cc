#include "runtime/cli/job/job_line.h"

#include <gmock/gmock.h>

#include <tuple>

namespace unmask::cli {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

Result<actors::Submit> submit_of_line(const std::string& line, const actors::Submit& common = {}) {
  return parse_job_line(line, common).submit;
}

std::string error_of_line(const std::string& line) {
  const auto submit = submit_of_line(line);
  return submit ? "" : submit.error().message;
}

TEST(JobLineTest, APromptComesWithItsParametersAsTheyAreWritten) {
  const auto submit = submit_of_line(
      R"({"id": 7, "prompt": "Hi", "raw": true, "threshold": 0.5, "strategy": "fixed",
          "early_stop": false, "stop": ["\n"]})");
  ASSERT_TRUE(submit.has_value()) << submit.error().message;
  const auto& input = std::get<actors::TextInput>(submit->input);
  EXPECT_EQ(input.text, "Hi");
  EXPECT_TRUE(input.raw);
  EXPECT_FALSE(input.special_tokens);
  EXPECT_THAT(submit->parameters, ElementsAre(actors::Parameter{"threshold", "0.5"},
                                              actors::Parameter{"strategy", "fixed"},
                                              actors::Parameter{"early_stop", "false"}));
  EXPECT_THAT(submit->stop, ElementsAre("\n"));
}

TEST(JobLineTest, ALineSaysWhatTheFlagsAndThePythonClientSay) {
  const auto submit = submit_of_line(
      R"({"prompt": "<|x|>", "raw": true, "special_tokens": true, "stop": "=", "deadline": 1.5,
          "model": "tiny", "priority": -3})");
  ASSERT_TRUE(submit.has_value()) << submit.error().message;
  EXPECT_TRUE(std::get<actors::TextInput>(submit->input).special_tokens);
  EXPECT_THAT(submit->stop, ElementsAre("="));
  EXPECT_EQ(submit->deadline, milliseconds(1500));
  EXPECT_EQ(submit->model, "tiny");
  EXPECT_EQ(submit->priority, -3);
  EXPECT_EQ(submit_of_line(R"({"prompt": "", "deadline": "250ms"})")->deadline, milliseconds(250));
}

TEST(JobLineTest, ATemplateComesWithOrWithoutWhatItAnswers) {
  const auto given = [](const std::string& line) {
    const auto submit = submit_of_line(line);
    EXPECT_TRUE(submit) << submit.error().message;
    return std::get<actors::TemplateInput>(submit->input);
  };
  const auto asked = given(R"({"prompt": "Hi", "template": "Dear {{name:4}}", "threshold": 0.5})");
  EXPECT_EQ(asked.text, "Dear {{name:4}}");
  EXPECT_THAT(asked.messages, ElementsAre(tokenizer::ChatMessage{"user", "Hi"}));
  const auto alone = given(R"({"json_template": {"a": "{{a:3}}"}})");
  EXPECT_EQ(alone.text, R"({"a":"{{a:3}}"})");
  EXPECT_EQ(alone.format, infilling::Format::kJson);
  EXPECT_THAT(alone.messages, testing::IsEmpty());
  EXPECT_EQ(given(R"({"json_schema": "{}"})").format, infilling::Format::kJsonSchema);
  EXPECT_THAT(error_of_line(R"({"template": "a", "json_schema": {}})"), HasSubstr("one of"));
  EXPECT_THAT(error_of_line(R"({"template": {}})"), HasSubstr("is a text"));
  EXPECT_THAT(error_of_line(R"({"template": "a", "tokens": [1]})"), HasSubstr("\"tokens\""));
  EXPECT_THAT(error_of_line(R"({"template": "a", "prompt": "a", "messages": []})"),
              HasSubstr("one of"));
}

TEST(JobLineTest, HowATextIsMeantIsAsForAllLinesUnlessALineSays) {
  actors::Submit common;
  common.input = actors::TextInput{"", true, true};
  const auto text = [&](const std::string& line) {
    const auto submit = submit_of_line(line, common);
    EXPECT_TRUE(submit) << line;
    const auto& input = std::get<actors::TextInput>(submit->input);
    return std::tuple(input.text, input.raw, input.special_tokens);
  };
  EXPECT_EQ(text(R"({"prompt": "a"})"), std::tuple("a", true, true));
  EXPECT_EQ(text(R"({"prompt": "a", "special_tokens": false})"), std::tuple("a", true, false));
  EXPECT_EQ(text(R"({"prompt": "a", "raw": false})"), std::tuple("a", false, false));
  EXPECT_TRUE(submit_of_line(R"({"tokens": [1]})", common)) << "it is no text";
  common.input = actors::TextInput{"", true, false};
  EXPECT_EQ(text(R"({"prompt": "a", "special_tokens": true})"), std::tuple("a", true, true));
}

TEST(JobLineTest, WhatALineDoesNotSayIsAsForAllLines) {
  actors::Submit common;
  common.parameters = {{"gen_length", "7"}, {"seed", "9"}};
  common.stop = {"END"};
  common.deadline = milliseconds(5);
  common.model = "tiny";
  common.priority = 2;
  const auto silent = submit_of_line(R"({"prompt": "a", "stop": null, "seed": null})", common);
  ASSERT_TRUE(silent.has_value()) << silent.error().message;
  EXPECT_EQ(silent->parameters, common.parameters);
  EXPECT_EQ(silent->stop, common.stop);
  EXPECT_EQ(silent->deadline, common.deadline);
  EXPECT_EQ(silent->model, "tiny");
  EXPECT_EQ(silent->priority, 2);
  const auto own =
      submit_of_line(R"({"prompt": "a", "gen_length": 8, "stop": [], "priority": 0})", common);
  EXPECT_THAT(own->parameters, testing::UnorderedElementsAre(actors::Parameter{"seed", "9"},
                                                             actors::Parameter{"gen_length", "8"}));
  EXPECT_THAT(own->stop, ElementsAre());
  EXPECT_EQ(own->priority, 0);
}

TEST(JobLineTest, ItsIdsComeBackWithTheResultEvenIfItCannotBeAJob) {
  const JobLine line = parse_job_line(R"({"custom_id": "a\"b", "prompt": 1, "id": 7})", {});
  EXPECT_FALSE(line.submit);
  EXPECT_EQ(with_ids(line.ids, R"({"job":"x"})"), R"({"id":7,"custom_id":"a\"b","job":"x"})");
  EXPECT_EQ(with_ids(parse_job_line(R"({"prompt": "a"})", {}).ids, R"({"job":"x"})"),
            R"({"job":"x"})");
}

TEST(JobLineTest, WhatCannotBeAJobIsRefusedByName) {
  EXPECT_THAT(error_of_line("x"), HasSubstr("is not JSON"));
  EXPECT_THAT(error_of_line("[]"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(error_of_line("{}"), HasSubstr("one of"));
  EXPECT_THAT(error_of_line(R"({"prompt": null})"), HasSubstr("one of"));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "tokens": [1]})"), HasSubstr("one of"));
  EXPECT_THAT(error_of_line(R"({"prompt": 1})"), HasSubstr("\"prompt\" is a text"));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "raw": 1})"), HasSubstr("\"raw\""));
  EXPECT_THAT(error_of_line(R"({"tokens": [1], "raw": true})"), HasSubstr("\"raw\" is for a"));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "special_tokens": true})"),
              HasSubstr("with \"raw\""));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "stop": 3})"), HasSubstr("\"stop\" is a text or"));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "stop": [3]})"), HasSubstr("\"stop\" is a text or"));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "steps": [1]})"), HasSubstr("\"steps\""));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "deadline": 0})"),
              HasSubstr("\"deadline\" must be"));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "deadline": "2h"})"),
              HasSubstr("\"deadline\" must be"));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "deadline": []})"), HasSubstr("number of seconds"));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "priority": 11})"), HasSubstr("from -10 to 10"));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "model": 1})"), HasSubstr("\"model\" is a text"));
  EXPECT_THAT(error_of_line(R"({"prompt": "a", "id": [1]})"), HasSubstr("\"id\" is a text or"));
}

}  // namespace
}  // namespace unmask::cli
