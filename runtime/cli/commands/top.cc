#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "runtime/cli/command.h"
#include "runtime/cli/job/client_session.h"
#include "runtime/cli/text/number.h"
#include "runtime/cli/text/terminal.h"
#include "runtime/cli/top/top_text.h"
#include "runtime/cli/top/top_watch.h"
#include "runtime/os/asio_timers.h"
#include "runtime/os/key_presses.h"
#include "runtime/os/signals.h"

namespace unmask::cli {
namespace {

constexpr const char* kTopHelp =
    R"(tokens/s and tokens/forward are of the last interval, from the coordinator's counters; a forward is
counted once for each job in it. MAIL is the number of messages that wait in the mailboxes of a
process. q or Ctrl-C leaves. --once takes two looks, an interval apart, so that there are rates.)";

struct TopOptions {
  ClientOptions where;
  bool once = false;
  double interval_s = 1;
};

/// The whole screen of a terminal, which has its own content again when this ends.
class TopScreen {
 public:
  TopScreen() { write("\x1b[?1049h\x1b[?25l"); }
  ~TopScreen() { write("\x1b[?25h\x1b[?1049l"); }
  TopScreen(const TopScreen&) = delete;
  TopScreen& operator=(const TopScreen&) = delete;

  void draw(const std::vector<std::string>& lines) {
    const Terminal terminal = terminal_of(STDOUT_FILENO);
    // Terminals that know the mark show what is between at once; others leave it out.
    write("\x1b[?2026h" + top_frame(lines, terminal.width, terminal.height) + "\x1b[?2026l");
  }

 private:
  static void write(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
};

class TopCommand {
 public:
  TopCommand(const TopOptions& options, const rpc::ClientConnection::Options& gateway)
      : options_(options),
        report_{options.where.json},
        timers_(loop_),
        signals_(
            loop_, [this] { end(kOk); }, [this] { end(kOk); }),
        watch_(loop_, clock_, timers_,
               {.gateway = gateway,
                .interval = std::chrono::duration_cast<Duration>(
                    std::chrono::duration<double>(options.interval_s))},
               {[this](const TopSnapshot& snapshot) { take(snapshot); },
                [this](const Error& why) { lose(why); }}) {}

  int run() {
    if (const Result<> started = watch_.start(); !started) return report_(started.error());
    std::optional<KeyPresses> keys;
    if (!is_once()) {
      screen_.emplace();
      keys.emplace(loop_, [this](char key) {
        if (key == 'q') end(kOk);
      });
      draw({"asking " + options_.where.endpoint + " ..."});
    }
    loop_.run();
    return code_;
  }

 private:
  [[nodiscard]] bool is_once() const { return options_.once || options_.where.json; }

  void take(const TopSnapshot& snapshot) {
    if (!is_once()) return draw(top_lines(snapshot));
    if (!std::exchange(has_looked_, true)) return;
    if (options_.where.json) {
      std::printf("%s\n", to_json(snapshot).c_str());
    } else {
      for (const std::string& line : top_lines(snapshot)) std::printf("%s\n", line.c_str());
    }
    end(kOk);
  }

  /// The last view stays, below a line that says that it is old.
  void lose(const Error& why) {
    if (is_once()) return end(report_(why));
    std::vector<std::string> lines = lines_;
    const std::string line = options_.where.endpoint + " is gone, and asked again: " + why.message;
    if (is_old_) {
      lines.front() = line;
    } else {
      lines.insert(lines.begin(), line);
    }
    draw(lines);
    is_old_ = true;
  }

  void draw(const std::vector<std::string>& lines) {
    screen_->draw(lines);
    lines_ = lines;
    is_old_ = false;
    if (std::ferror(stdout) != 0) end(kFailed);  // the terminal is gone: nobody would press q
  }

  void end(ExitCode code) {
    code_ = code;
    loop_.stop();
  }

  const TopOptions options_;
  const Reporter report_;
  EventLoop loop_;
  const SteadyClock clock_;
  AsioTimers timers_;
  ExitCode code_ = kOk;
  bool has_looked_ = false;
  std::optional<TopScreen> screen_;
  std::vector<std::string> lines_;
  bool is_old_ = false;  // the first of them says so
  Signals signals_;
  TopWatch watch_;
};

int watch_cluster(TopOptions options) {
  const Reporter report{options.where.json};
  const auto gateway = options.where.connection();
  if (!gateway) return report(gateway.error());
  options.once = options.once || !terminal_of(STDOUT_FILENO).is_terminal;
  TopCommand command(options, *gateway);
  return command.run();
}

}  // namespace

void add_top(Command program) {
  const auto options = std::make_shared<TopOptions>();
  Command command =
      program.add_command("top", "Watch a cluster: members, jobs, tokens a second, mailboxes");
  command.set_group(kClusterGroup);
  command.set_footer(kTopHelp);
  command.add(
      {.name = "--once", .help = "Print one view and end, as it does where stdout is no terminal"},
      options->once);
  command.add({.name = "--json", .help = "Print one view as a JSON object, and end"},
              options->where.json);
  const auto take = [options = options.get()](const std::string& text) -> Result<> {
    const Result<double> seconds = parse_number(text, 0.1, 3600);
    if (!seconds) return seconds.error();
    options->interval_s = *seconds;
    return {};
  };
  command.add(
      {.name = "--interval", .help = "From one look to the next (default 1)", .type = "SECONDS"},
      take);
  options->where.add_to(command);
  command.set_action([options] { return watch_cluster(*options); });
}

}  // namespace unmask::cli
