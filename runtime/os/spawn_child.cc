#include "runtime/os/spawn_child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "runtime/base/descriptor.h"

namespace unmask {
namespace {

struct Pipe {
  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    out = Descriptor(ends[0]);
    in = Descriptor(ends[1]);
    return true;
  }

  Descriptor out, in;  // what is written to `in` is read from `out`
};

/// `NAME=value` for every variable; ours win.
std::vector<std::string> merged(const std::map<std::string, std::string>& ours) {
  std::vector<std::string> all;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    if (!ours.contains(std::string(text.substr(0, text.find('='))))) all.emplace_back(text);
  }
  for (const auto& [name, value] : ours) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// In the child, between fork and exec: only what is safe in a copy of one thread of many.
[[noreturn]] void become(char** arguments, char** environment, pid_t parent, int output, int report,
                         bool is_free) {
  if (is_free) {
    ::setsid();
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int own : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, own);
  } else {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // it died before we asked to be told
  }
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (output >= 0 && (::dup2(output, STDOUT_FILENO) < 0 || ::dup2(output, STDERR_FILENO) < 0)) {
    ::_exit(127);
  }
  ::execvpe(arguments[0], arguments, environment);
  const int why = errno;
  (void)!::write(report, &why, sizeof(why));
  ::_exit(127);
}

Error cannot_start(const std::string& program, int why) {
  return {ErrorCode::kUnavailable, "cannot start " + program + ": " + std::strerror(why)};
}

}  // namespace

Result<SpawnedChild> spawn_child(const std::vector<std::string>& command,
                                 const std::map<std::string, std::string>& environment,
                                 const SpawnOptions& options) {
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = merged(environment);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> variable_pointers = pointers(variables);
  Pipe output;
  Pipe report;  // closed by a successful exec
  if ((options.wants_output && !output.open()) || !report.open()) {
    return cannot_start(command.front(), errno);
  }

  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return cannot_start(command.front(), errno);
  if (pid == 0) {
    become(const_cast<char**>(argument_pointers.data()),
           const_cast<char**>(variable_pointers.data()), parent, output.in.get(), report.in.get(),
           options.is_free);
  }

  report.in = Descriptor();
  int why = 0;
  ssize_t num_read = 0;
  do {
    num_read = ::read(report.out.get(), &why, sizeof(why));
  } while (num_read < 0 && errno == EINTR);
  int pidfd = -1;
  if (num_read == 0) {
    pidfd = int(::syscall(SYS_pidfd_open, pid, 0));  // glibc 2.36 declares it without C linkage
    if (pidfd < 0) why = errno;
  }
  if (pidfd < 0) {
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    return cannot_start(command.front(), why);
  }
  return SpawnedChild{pid, pidfd, output.out.release()};
}

}  // namespace unmask
