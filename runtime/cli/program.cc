#include "runtime/cli/program.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/diffusion/job_params.h"
#include "runtime/base/nearest_name.h"
#include "runtime/cli/version.h"

namespace unmask::cli {
namespace {

constexpr std::string_view kHelpTopic = "--help=";

constexpr const char* kFooter = R"(Examples:
  unmask run "Mia has 12 apples and buys 7 more. How many apples does she have?"
  unmask run --model LLaDA-MoE-7B-A1B-Instruct "Why is the sky blue?"
  unmask run --help=strategy       every diffusion parameter, its default and its range

What a command has to say goes to stderr, what it makes to stdout; --json makes that data.
Exit codes: 0 done, 1 the work failed, 2 usage, 3 configuration or checkpoint, 4 device or worker
lost, 5 nobody answered in time, 130 interrupted.)";

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

/// The subcommand that the command line had reached.
const CLI::App& innermost(const CLI::App& app) {
  const std::vector<const CLI::App*> chosen =
      app.get_subcommands([](const CLI::App* sub) { return sub->parsed(); });
  return chosen.empty() ? app : innermost(*chosen.front());
}

std::string command_line_of(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : command_line_of(*parent) + " " + app.get_name();
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

/// The first word of the line that nothing in it explains.
std::string unexpected(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining(true);
  const CLI::App& command = innermost(app);
  const auto word = std::ranges::find_if(words, [](const auto& it) { return it != "--"; });
  if (word == words.end()) return "";
  if (word->starts_with('-')) {
    const std::string flag = word->substr(0, word->find('='));
    return "there is no flag '" + flag + "'" + did_you_mean(flag, flags_of(command));
  }
  const std::vector<std::string> commands = commands_of(command);
  if (!commands.empty()) {
    return "there is no command '" + *word + "'" + did_you_mean(*word, commands);
  }
  return "'" + *word + "' is one argument too many; text with spaces wants quotes";
}

int report_usage(const CLI::App& app, const std::string& sentence) {
  report({ErrorCode::kInvalidArgument, sentence});
  std::fprintf(stderr, "Try '%s --help'.\n", command_line_of(innermost(app)).c_str());
  return kUsage;
}

/// `--help=strategy`: more than flags. Nothing if the command line asks for no topic.
std::optional<int> show_topic(const CLI::App& app, int argc, const char* const* argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with(kHelpTopic)) continue;
    const std::string_view topic = word.substr(kHelpTopic.size());
    if (topic != "strategy") {
      return report_usage(app, "there is no help on '" + std::string(topic) +
                                   "'; there is --help=strategy, and --help of every command");
    }
    print(diffusion::job_params_help());
    return kOk;
  }
  return std::nullopt;
}

int parse(CLI::App& app, int argc, const char* const* argv, const int& exit_code) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return kOk;
  } catch (const CLI::CallForVersion& version) {
    print(version.what());
    print("\n");
    return kOk;
  } catch (const CLI::ExtrasError&) {
    return report_usage(app, unexpected(app));
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error.what());
  }
  if (innermost(app).get_parent() == nullptr) {
    std::fputs(app.help().c_str(), stderr);
    return kUsage;
  }
  return exit_code;
}

}  // namespace

int run_program(std::span<const AddCommand> commands, int argc, const char* const* argv) {
  CLI::App app("Serves diffusion language models: from one prompt on a laptop to a cluster.",
               "unmask");
  app.require_subcommand(0, 1);  // so that no word behind a command is taken for another one
  app.set_version_flag("--version", "unmask " + std::string(kVersion));
  app.get_formatter()->column_width(30);
  int exit_code = kOk;
  for (const AddCommand add : commands) add(app, exit_code);
  app.footer(kFooter);  // last: commands would inherit it

  if (const std::optional<int> shown = show_topic(app, argc, argv)) return *shown;
  const int code = parse(app, argc, argv, exit_code);
  // A write that failed earlier is remembered by ferror alone.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return report({ErrorCode::kInternal, "stdout cannot be written"});
  }
  return code;
}

}  // namespace unmask::cli
