#include "runtime/cli/program.h"

#include <gmock/gmock.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace unmask::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

/// What the last command that ran was given.
std::string said;

void add_say(Command program) {
  static bool is_loud;
  Command command = program.add_command("say", "Keeps what it is told");
  command.add({.name = "text"}, said);
  static std::optional<std::string> prompt;
  prompt.reset();
  command.add({.name = "--prompt"}, prompt);
  command.add({.name = "--loudly"}, is_loud);
  command.set_action([] {
    if (prompt) said = "prompt " + *prompt;
    return kFailed;
  });
}

void add_write(Command program) {
  Command command = program.add_command("write", "Writes below another one");
  command.add_command("much", "Writes much").set_action([] { return kOk; });
}

void add_listen(Command program) {
  program.add_command("listen", "Hears nothing").set_action([] { return kOk; });
}

class ProgramTest : public testing::Test {
 protected:
  /// Runs `unmask WORDS...`.
  int run(std::vector<const char*> words) {
    static constexpr std::array<AddCommand, 3> kCommands{add_say, add_listen, add_write};
    said.clear();
    words.insert(words.begin(), "unmask");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_program(kCommands, int(words.size()), words.data());
    out_ = testing::internal::GetCapturedStdout();
    error_ = testing::internal::GetCapturedStderr();
    return code;
  }

  std::string out_;
  std::string error_;
};

TEST_F(ProgramTest, ACommandsExitCodeIsTheProgramsOwn) {
  EXPECT_EQ(run({"say", "hello"}), kFailed);
  EXPECT_EQ(said, "hello");
  EXPECT_EQ(run({"listen"}), kOk);
}

TEST_F(ProgramTest, TheNameOfACommandIsAWordLikeAnyOtherBehindACommand) {
  EXPECT_EQ(run({"say", "listen"}), kFailed);
  EXPECT_EQ(said, "listen");
}

TEST_F(ProgramTest, HelpGoesToStdoutAndListsEveryCommand) {
  EXPECT_EQ(run({"--help"}), kOk);
  EXPECT_THAT(out_, HasSubstr("Keeps what it is told"));
  EXPECT_THAT(out_, HasSubstr("Hears nothing"));
  EXPECT_THAT(out_, HasSubstr("Examples:"));
  EXPECT_EQ(error_, "");
}

TEST_F(ProgramTest, HelpOfACommandIsItsOwn) {
  EXPECT_EQ(run({"say", "--help"}), kOk);
  EXPECT_THAT(out_, HasSubstr("--loudly"));
  EXPECT_THAT(out_, testing::Not(HasSubstr("Examples:")));
}

TEST_F(ProgramTest, HelpIsAWordToo) {
  for (const std::vector<const char*>& command :
       {std::vector<const char*>{}, {"say"}, {"write"}, {"write", "much"}}) {
    std::vector<const char*> flag = command, word = command;
    flag.push_back("--help");
    word.insert(word.begin(), "help");
    EXPECT_EQ(run(flag), kOk);
    const std::string expected = out_;
    EXPECT_EQ(run(word), kOk);
    EXPECT_EQ(out_, expected);
  }
  EXPECT_EQ(run({"help", "lisetn"}), kUsage);
  EXPECT_EQ(error_,
            "unmask: error: there is no command 'lisetn' (did you mean \"listen\"?)\n"
            "Try 'unmask --help'.\n");
}

TEST_F(ProgramTest, AnEmptyValueIsAMistakeUnlessItMeansSomething) {
  EXPECT_EQ(run({"say", ""}), kUsage);
  EXPECT_THAT(error_, HasSubstr("text: wants a value; this one is empty"));
  EXPECT_EQ(run({"say", "--prompt", ""}), kFailed);
  EXPECT_EQ(said, "prompt ");
  EXPECT_EQ(run({"say"}), kFailed);
  EXPECT_EQ(said, "");
}

TEST_F(ProgramTest, AMistakeIsAnObjectForWhoAsksForJson) {
  EXPECT_EQ(run({"say", "--json", "--nosuch"}), kUsage);
  EXPECT_THAT(out_, HasSubstr("there is no flag '--"));
  EXPECT_THAT(out_, testing::StartsWith("{"));
  EXPECT_THAT(error_, testing::StartsWith("unmask: error: there is no flag"));
  EXPECT_EQ(run({"say", "--nosuch", "--", "--json"}), kUsage);
  EXPECT_EQ(out_, "") << "behind -- it is a word";
}

TEST_F(ProgramTest, NoCommandIsAMistakeThatShowsHelp) {
  EXPECT_EQ(run({}), kUsage);
  EXPECT_EQ(out_, "");
  EXPECT_THAT(error_, HasSubstr("Usage: unmask"));
}

TEST_F(ProgramTest, AnUnknownCommandIsNamedBesideTheNearestOne) {
  EXPECT_EQ(run({"lisetn"}), kUsage);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(error_,
            "unmask: error: there is no command 'lisetn' (did you mean \"listen\"?)\n"
            "Try 'unmask --help'.\n");
}

TEST_F(ProgramTest, AnUnknownFlagIsNamedBesideTheNearestOneOfItsCommand) {
  EXPECT_EQ(run({"say", "--loudy", "hello"}), kUsage);
  EXPECT_EQ(error_,
            "unmask: error: there is no flag '--loudy' (did you mean \"--loudly\"?)\n"
            "Try 'unmask say --help'.\n");
}

TEST_F(ProgramTest, AWordTooManyIsNamed) {
  EXPECT_EQ(run({"say", "hello", "world"}), kUsage);
  EXPECT_THAT(error_, HasSubstr("'world' is one argument too many"));
}

TEST_F(ProgramTest, HelpOnStrategiesIsTheTableOfAllParameters) {
  EXPECT_EQ(run({"say", "--help=strategy"}), kOk);
  for (const char* name : {"gen_length", "threshold", "cache_update_freq", "0 to 1", "tokens"}) {
    EXPECT_THAT(out_, HasSubstr(name));
  }
}

TEST_F(ProgramTest, HelpOnAnythingElseIsRefusedByName) {
  EXPECT_EQ(run({"--help=weather"}), kUsage);
  EXPECT_THAT(error_, HasSubstr("there is no help on 'weather'"));
}

TEST_F(ProgramTest, BehindTwoDashesNothingIsAFlag) {
  EXPECT_EQ(run({"say", "--", "--help=strategy"}), kFailed);
  EXPECT_EQ(said, "--help=strategy");
}

TEST_F(ProgramTest, VersionIsAFlagToo) {
  EXPECT_EQ(run({"--version"}), kOk);
  EXPECT_EQ(out_, "unmask " UNMASK_VERSION "\n");
}

}  // namespace
}  // namespace unmask::cli
