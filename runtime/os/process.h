#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/os/event_loop.h"

namespace unmask {

/// How a process ended: by itself with a code, or by a signal.
struct ExitStatus {
  int code = 0;
  int signal = 0;  ///< 0: it ended by itself

  bool operator==(const ExitStatus&) const = default;

  [[nodiscard]] bool is_success() const { return code == 0 && signal == 0; }

  /// `ended`, `failed with exit code 3`, `was killed by SIGKILL`.
  [[nodiscard]] std::string describe() const;
};

/// A child process in its own process group, so that Ctrl-C at a terminal reaches this process
/// only. Unless it is free it dies (SIGKILL) with the thread that started it, and with this object.
class Process {
 public:
  struct Options {
    std::vector<std::string> command{};                ///< the program is looked up in PATH
    std::map<std::string, std::string> environment{};  ///< on top of this process's own
    /// It goes on when this ends, and what it starts when it ends itself; it has no stdin and says
    /// nothing.
    bool is_free = false;
    /// Told every line of its stdout and stderr. Without it both are this process's own.
    std::function<void(const std::string& line)> on_line{};
    /// Told once, after the last line, that it ended.
    std::function<void(ExitStatus)> on_exit{};
  };
  static constexpr std::size_t kMaxLineLength = 64 << 10;  ///< longer ones are told in pieces

  /// Both callbacks run on the control thread, never inside this call.
  /// Errors: kUnavailable naming the program and why it could not be started.
  static Result<std::unique_ptr<Process>> start(EventLoop& loop, Options options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const;
  [[nodiscard]] bool is_running() const;

  /// Sends `signal` to it and to what it started, if it is still running.
  void kill(int signal);

 private:
  class Child;
  explicit Process(std::shared_ptr<Child> child);

  std::shared_ptr<Child> child_;
};

}  // namespace unmask
