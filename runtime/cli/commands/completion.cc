#include <cstdio>
#include <memory>

#include "runtime/cli/command.h"
#include "runtime/cli/commands/version.h"
#include "runtime/cli/text/completions.h"
#include "runtime/cli/text/man_page.h"

namespace unmask::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  source <(unmask completion bash)
  unmask completion fish > ~/.config/fish/completions/unmask.fish
  unmask completion man | man -l -

cmake --install puts all four where they belong.)";

std::string text_of(const CommandDescription& program, const std::string& what) {
  if (what == "bash") return bash_completion(program);
  if (what == "zsh") return zsh_completion(program);
  if (what == "fish") return fish_completion(program);
  return man_page(program, std::string(kVersion));
}

}  // namespace

void add_completion(Command program) {
  Command command =
      program.add_command("completion", "Completions for a shell, or the manual page");
  command.set_group(kLookGroup);
  command.set_footer(kExamples);
  const auto what = std::make_shared<std::string>();
  command.add({.name = "what",
               .help = "bash, zsh, fish or man",
               .type = "SHELL",
               .is_required = true,
               .one_of = {"bash", "zsh", "fish", "man"}},
              *what);
  command.set_action([program, what] {
    std::fputs(text_of(program.description(), *what).c_str(), stdout);
    return kOk;
  });
}

}  // namespace unmask::cli
