#include "runtime/cli/program.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/device_error.h"
#include "model/diffusion/job_params.h"
#include "runtime/cli/commands/version.h"
#include "runtime/cli/text/output_state.h"

namespace unmask::cli {
namespace {

constexpr const char* kProgram = "unmask";
constexpr std::string_view kHelpTopic = "--help=";

constexpr const char* kFooter = R"(Examples:
  unmask run "Mia has 12 apples and buys 7 more. How many apples does she have?"
  unmask run --model LLaDA-MoE-7B-A1B-Instruct "Why is the sky blue?"
  unmask help run                  what a command takes, as unmask run --help
  unmask run --help=strategy       every diffusion parameter, its default and its range

What a command has to say goes to stderr, what it makes to stdout; --json makes that data.
Exit codes: 0 done, 1 the work failed, 2 usage, 3 configuration or checkpoint, 4 device or worker
lost, 5 nobody answered in time, 6 a fault of the hardware, 130 interrupted.)";

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

/// Before anything was read: who asks for JSON gets it for a mistake too.
bool asks_for_json(int argc, const char* const* argv) {
  const char* const* const end = std::find(argv, argv + argc, std::string_view("--"));
  return std::find(argv, end, std::string_view("--json")) != end;
}

int report_usage(const std::string& command, const std::string& sentence, bool as_json = false) {
  Reporter{as_json}({ErrorCode::kInvalidArgument, sentence});
  std::fprintf(stderr, "Try '%s --help'.\n", command.c_str());
  return kUsage;
}

/// `--help=strategy`: more than flags. Nothing if the command line asks for no topic.
std::optional<int> show_topic(int argc, const char* const* argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with(kHelpTopic)) continue;
    const std::string_view topic = word.substr(kHelpTopic.size());
    if (topic != "strategy") {
      return report_usage(kProgram, "there is no help on '" + std::string(topic) +
                                        "'; there is --help=strategy, and --help of every command");
    }
    print(diffusion::job_params_help());
    return kOk;
  }
  return std::nullopt;
}

/// `unmask help run` is `unmask run --help`.
ParsedLine read(CommandLine& line, int argc, const char* const* argv) {
  const std::span words(argv, std::size_t(argc));
  const bool asks = argc > 1 && std::string_view(argv[1]) == "help";
  return asks ? line.help_on(words.subspan(2)) : line.parse(argc, argv);
}

int parse(CommandLine& line, int argc, const char* const* argv) {
  const ParsedLine parsed = read(line, argc, argv);
  switch (parsed.kind) {
    case ParsedLine::Kind::kRan:
      return parsed.exit_code;
    case ParsedLine::Kind::kAsked:
      print(parsed.text);
      return kOk;
    case ParsedLine::Kind::kNoCommand:
      std::fputs(parsed.text.c_str(), stderr);
      return kUsage;
    case ParsedLine::Kind::kMistake:
      return report_usage(parsed.command, parsed.text, asks_for_json(argc, argv));
  }
  return kFailed;  // not reached: the switch has every kind
}

/// The same where a device may fail under a command.
int guarded_parse(CommandLine& line, int argc, const char* const* argv) {
  try {
    return parse(line, argc, argv);
  } catch (const kernels::DeviceError& error) {
    const bool is_full = error.fault() == kernels::DeviceFault::kMemory;
    return report(Error{ErrorCode::kUnavailable, error.what()},
                  is_full ? kBadConfig : exit_code_of(error));
  }
}

}  // namespace

int run_program(std::span<const AddCommand> commands, int argc, const char* const* argv) {
  CommandLine line(kProgram,
                   "Serves diffusion language models: from one prompt on a laptop to a cluster.");
  line.set_version("unmask " + std::string(kVersion));
  for (const AddCommand add : commands) add(line.root());
  line.root().set_footer(kFooter);  // last: commands would inherit it

  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is seen where is written
  if (const std::optional<int> shown = show_topic(argc, argv)) return *shown;
  const int code = guarded_parse(line, argc, argv);
  // A write that failed earlier is remembered by ferror alone.
  (void)std::fflush(stdout);
  if (output_state(stdout) != OutputState::kFailed) return code;
  return report({ErrorCode::kInternal, "stdout cannot be written"});
}

}  // namespace unmask::cli
