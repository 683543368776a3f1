#include "runtime/os/process.h"

#include <sys/wait.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/os/spawn_child.h"

namespace unmask {

std::string ExitStatus::describe() const {
  if (signal != 0) {
    const char* name = ::sigabbrev_np(signal);
    return "was killed by " + (name ? "SIG" + std::string(name) : std::to_string(signal));
  }
  return code == 0 ? "ended" : "failed with exit code " + std::to_string(code);
}

/// What the callbacks of the loop hold on to.
class Process::Child : public std::enable_shared_from_this<Child> {
 public:
  Child(EventLoop& loop, const SpawnedChild& spawned, Options options)
      : pid(spawned.pid),
        options_(std::move(options)),
        end_(loop.context(), spawned.pidfd),
        output_(loop.context()) {
    if (spawned.output < 0) return;
    output_.assign(spawned.output);
    output_.non_blocking(true);
  }

  void watch() {
    end_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [self = shared_from_this()](const boost::system::error_code& cancelled) {
                      if (!cancelled) self->reap();
                    });
    if (output_.is_open()) read();
  }

  /// Nobody wants to hear of it any more.
  void let_go() {
    options_.on_line = nullptr;
    options_.on_exit = nullptr;
    if (is_running && !options_.is_free) {
      kill(SIGKILL);
      while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
      is_running = false;
    }
    end_.close();
    output_.close();
  }

  void kill(int signal) {
    if (!is_running) return;
    // It leads its group, and is not reaped yet, so the number is still its own. Once only: a
    // second signal may mean something else.
    ::kill(-pid, signal);
  }

  const pid_t pid;
  bool is_running = true;

 private:
  void read() {
    output_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& cancelled) {
                         if (!cancelled && self->drain()) self->read();
                       });
  }

  /// Tells what is in the pipe. False if nothing more can come.
  bool drain() {
    boost::system::error_code error;
    while (output_.is_open() && !error) {
      const std::size_t num_bytes = output_.read_some(boost::asio::buffer(buffer_), error);
      tell_lines({buffer_.data(), num_bytes});
    }
    return error == boost::asio::error::would_block;
  }

  void tell_lines(std::string_view bytes) {
    for (const char c : bytes) {
      if (c != '\n') line_ += c;
      if (c == '\n' || line_.size() == kMaxLineLength) tell_line();
    }
  }

  void tell_line() {
    const std::string line = std::exchange(line_, "");
    if (options_.on_line) options_.on_line(line);
  }

  void reap() {
    // What it left behind, while the number of its group is still its own.
    if (!options_.is_free) ::kill(-pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    is_running = false;
    drain();
    if (!line_.empty()) tell_line();
    if (output_.is_open()) output_.close();
    const auto on_exit = std::exchange(options_.on_exit, nullptr);
    if (on_exit)
      on_exit({WIFEXITED(status) ? WEXITSTATUS(status) : 0,
               WIFSIGNALED(status) ? WTERMSIG(status) : 0});
  }

  Options options_;
  boost::asio::posix::stream_descriptor end_;
  boost::asio::posix::stream_descriptor output_;
  std::array<char, 4096> buffer_{};
  std::string line_;
};

Result<std::unique_ptr<Process>> Process::start(EventLoop& loop, Options options) {
  UNMASK_CHECK(!options.command.empty());
  UNMASK_CHECK(!options.is_free || !options.on_line);
  const SpawnOptions spawn{.wants_output = bool(options.on_line), .is_free = options.is_free};
  const auto spawned = spawn_child(options.command, options.environment, spawn);
  if (!spawned) return spawned.error();
  auto child = std::make_shared<Child>(loop, *spawned, std::move(options));
  child->watch();
  return std::unique_ptr<Process>(new Process(std::move(child)));
}

Process::Process(std::shared_ptr<Child> child) : child_(std::move(child)) {}
Process::~Process() { child_->let_go(); }

pid_t Process::pid() const { return child_->pid; }
bool Process::is_running() const { return child_->is_running; }
void Process::kill(int signal) { child_->kill(signal); }

}  // namespace unmask
