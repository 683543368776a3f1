#include "runtime/cli/job/job_options.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// What `command WORDS...` would submit.
Result<actors::Submit> submit_of(const std::vector<std::string>& words) {
  CommandLine line("command", "");
  JobOptions options;
  options.add_to(line.root());
  std::vector<const char*> argv{"command"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  const ParsedLine parsed = line.parse(int(argv.size()), argv.data());
  EXPECT_EQ(parsed.kind, ParsedLine::Kind::kRan) << parsed.text;
  return options.to_submit();
}

std::string error_of(const std::vector<std::string>& words) {
  const auto submit = submit_of(words);
  return submit ? "" : submit.error().message;
}

TEST(JobOptionsTest, NamedFlagsAndSetAreTheSameParameters) {
  const auto submit = submit_of({"Hi", "--gen-length", "64", "--set", "low_threshold=0.4",
                                 "--threshold", "0.5", "--set", "x=a=b"});
  ASSERT_TRUE(submit.has_value()) << submit.error().message;
  EXPECT_THAT(
      submit->parameters,
      ElementsAre(actors::Parameter{"gen_length", "64"}, actors::Parameter{"threshold", "0.5"},
                  actors::Parameter{"low_threshold", "0.4"}, actors::Parameter{"x", "a=b"}));
  EXPECT_EQ(std::get<actors::TextInput>(submit->input).text, "Hi");
  EXPECT_FALSE(std::get<actors::TextInput>(submit->input).raw);
}

TEST(JobOptionsTest, APromptMayStandBehindAFlagThatMayBeRepeated) {
  const auto submit = submit_of({"--set", "steps=8", "--stop", "END", "Hi"});
  ASSERT_TRUE(submit.has_value()) << submit.error().message;
  EXPECT_THAT(submit->parameters, ElementsAre(actors::Parameter{"steps", "8"}));
  EXPECT_THAT(submit->stop, ElementsAre("END"));
  EXPECT_EQ(std::get<actors::TextInput>(submit->input).text, "Hi");
}

TEST(JobOptionsTest, DrawnTokensHaveASeedOfTheirOwnUnlessOneIsGiven) {
  const auto seed_of = [](const std::vector<std::string>& words) -> std::string {
    const Result<actors::Submit> submit = submit_of(words);
    for (const actors::Parameter& parameter : submit->parameters) {
      if (parameter.name == "seed") return parameter.value;
    }
    return "";
  };
  EXPECT_NE(seed_of({"Hi", "--temperature", "0.7"}), "");
  EXPECT_NE(seed_of({"Hi", "--temperature", "0.7"}), seed_of({"Hi", "--set", "temperature=1"}));
  EXPECT_EQ(seed_of({"Hi", "--temperature", "0.7", "--seed", "5"}), "5");
  EXPECT_EQ(seed_of({"Hi", "--temperature", "0.7", "--set", "seed=6"}), "6");
  EXPECT_NE(seed_of({"Hi", "--strategy", "fixed", "--set", "remasking=random"}), "");
  EXPECT_EQ(seed_of({"Hi", "--temperature", "0"}), "");
  EXPECT_EQ(seed_of({"Hi"}), "");
}

TEST(JobOptionsTest, EveryJobHasItsOwnId) {
  EXPECT_NE(submit_of({"Hi"})->job, submit_of({"Hi"})->job);
}

TEST(JobOptionsTest, ADeadlineIsATimeWithAUnit) {
  EXPECT_EQ(submit_of({"Hi", "--deadline", "500ms"})->deadline, std::chrono::milliseconds(500));
  EXPECT_EQ(submit_of({"Hi", "--deadline", "1.5s"})->deadline, std::chrono::milliseconds(1500));
  EXPECT_EQ(submit_of({"Hi", "--deadline", "2min"})->deadline, std::chrono::minutes(2));
  EXPECT_THAT(error_of({"Hi", "--deadline", "2"}), HasSubstr("--deadline \"2\" is not a duration"));
  EXPECT_THAT(error_of({"Hi", "--deadline", "0s"}), HasSubstr("must be 1ms to 1h"));
  EXPECT_THAT(error_of({"Hi", "--deadline", "61min"}), HasSubstr("must be 1ms to 1h"));
  EXPECT_EQ(submit_of({"Hi", "--deadline", "1h"})->deadline, actors::kMaxDeadline);
}

TEST(JobOptionsTest, SetWantsANameAndAValue) {
  EXPECT_THAT(error_of({"Hi", "--set", "threshold"}), HasSubstr("name=value"));
  EXPECT_THAT(error_of({"Hi", "--set", "=1"}), HasSubstr("name=value"));
}

TEST(JobOptionsTest, ATemplateIsAFileAndTheOldMeaningOfTheFlagIsExplained) {
  const std::string path = testing::TempDir() + "unmask_template_" + std::to_string(getpid());
  std::ofstream(path) << "Dear {{name:4}}\n";
  const auto submit = submit_of({"--template", path, "Write to Mia."});
  ASSERT_TRUE(submit) << submit.error().message;
  const auto& input = std::get<actors::TemplateInput>(submit->input);
  EXPECT_EQ(input.text, "Dear {{name:4}}\n");
  EXPECT_THAT(input.messages, ElementsAre(tokenizer::ChatMessage{"user", "Write to Mia."}));
  EXPECT_THAT(error_of({"--json-schema", path}), HasSubstr("not JSON"));
  EXPECT_THAT(error_of({"--template", path, "--json-template", path}), HasSubstr("only one"));
  EXPECT_THAT(error_of({"--template", path, "--raw"}), HasSubstr("--raw"));
  EXPECT_THAT(error_of({"--template", path, "--tokens-file", path}), HasSubstr("--tokens-file"));
  std::filesystem::remove(path);
  EXPECT_THAT(error_of({"--template", "chatml", "Hi"}), HasSubstr("--chat-template chatml"));
  EXPECT_THAT(error_of({"--template", path, "Hi"}), HasSubstr("cannot read"));
}

TEST(JobOptionsTest, ThereIsOneInput) {
  EXPECT_THAT(error_of({"Hi", "--messages", "chat.json"}), HasSubstr("only one of them"));
  EXPECT_THAT(error_of({"--messages", "/nonexistent/chat.json"}),
              HasSubstr("cannot read '/nonexistent/chat.json'"));
}

TEST(JobOptionsTest, AnEmptyPromptIsAPromptAndNotStdin) {
  const auto submit = submit_of({""});
  ASSERT_TRUE(submit.has_value()) << submit.error().message;
  EXPECT_EQ(std::get<actors::TextInput>(submit->input).text, "");
  EXPECT_THAT(error_of({"", "--messages", "chat.json"}), HasSubstr("only one of them"));
}

TEST(JobOptionsTest, StopStringsAndRawComeThrough) {
  const auto submit = submit_of({"Hi", "--raw", "--stop", "END", "--stop", "\n\n"});
  EXPECT_TRUE(std::get<actors::TextInput>(submit->input).raw);
  EXPECT_THAT(submit->stop, ElementsAre("END", "\n\n"));
}

}  // namespace
}  // namespace unmask::cli
