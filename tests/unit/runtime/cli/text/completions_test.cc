#include "runtime/cli/text/completions.h"

#include <gmock/gmock.h>

#include "runtime/cli/text/man_page.h"

namespace unmask::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A program with a command below a command, and texts that shells and roff would obey.
CommandDescription program() {
  CommandLine line("prog", "Does things");
  static std::string text;
  static bool is_loud;
  line.root().set_footer("Ends.");
  Command say = line.root().add_command("say", "It's said: aloud");
  Command twice = say.add_command("twice", ".Again");
  twice.add({.name = "words"}, text);
  twice.add({.name = "--tone", .help = "How", .type = "NAME"}, text);
  twice.add({.name = "--loud", .help = "With \\n"}, is_loud);
  twice.add({.name = "--secret", .is_hidden = true}, is_loud);
  return line.root().description();
}

TEST(CompletionsTest, EveryCommandHasItsOwnFlagsAndNoHiddenOnes) {
  const std::string bash = bash_completion(program());
  EXPECT_THAT(bash, HasSubstr("' say') known=' twice --help'"));
  EXPECT_THAT(bash, HasSubstr("' say twice') known=' --help --tone --loud'"));
}

TEST(CompletionsTest, TextsAreQuotedAsEachShellWantsIt) {
  EXPECT_THAT(zsh_completion(program()), HasSubstr("'say:It'\\''s said\\: aloud'"));
  const std::string fish = fish_completion(program());
  EXPECT_THAT(fish, HasSubstr("-n '__fish_use_subcommand' -f -a say -d 'It'\\''s said: aloud'"));
  EXPECT_THAT(fish, HasSubstr("-n '__fish_seen_subcommand_from say; and "
                              "__fish_seen_subcommand_from twice' -l tone -r -d 'How'"));
  EXPECT_THAT(fish, HasSubstr("-l loud -d"));
}

TEST(ManPageTest, HasEveryCommandAndObeysNoText) {
  const std::string page = man_page(program(), "1.0");
  EXPECT_THAT(page, HasSubstr(".SS prog say twice\n\\&.Again.\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-tone\\fR \\fINAME\\fR\nHow\n"));
  EXPECT_THAT(page, HasSubstr("With \\en\n"));
  EXPECT_THAT(page, HasSubstr("Ends."));
  EXPECT_THAT(page, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace unmask::cli
