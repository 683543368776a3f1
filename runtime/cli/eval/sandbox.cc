#include "runtime/cli/eval/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "runtime/actor/clock.h"
#include "runtime/base/descriptor.h"
#include "runtime/cli/eval/sandbox_child.h"

namespace unmask::cli {
namespace {

Error cannot(const std::string& what, int error) {
  return {ErrorCode::kUnavailable,
          "Python answers cannot be run apart from this machine's files: " + what + ": " +
              std::strerror(error) + "; allow user namespaces here, or say --unsafe-python"};
}

/// A folder of this process alone, gone with its end.
class OwnFolder {
 public:
  OwnFolder() : path_((std::filesystem::temp_directory_path() / "unmask-eval-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~OwnFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;

  /// Empty if there is none; errno says why.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return cannot("pipe", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// A file in memory that has `text`, at its beginning.
Result<Descriptor> file_of(const std::string& text) {
  Descriptor file(memfd_create("program", MFD_CLOEXEC));
  if (!file.is_open()) return cannot("memfd_create", errno);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size = pwrite(file.get(), text.data() + done, text.size() - done, off_t(done));
    if (size <= 0) return cannot("write of the program", errno);
    done += std::size_t(size);
  }
  return file;
}

/// Where an isolated process sees it, too; a Python of somebody's home is not that.
const char* find_python() {
  for (const char* path : {"/usr/bin/python3", "/usr/local/bin/python3"}) {
    if (access(path, X_OK) == 0) return path;
  }
  return nullptr;
}

/// As fork(), in namespaces of its own if `isolation` says so. Killing the process then kills
/// everything in them.
pid_t fork_into(Isolation isolation) {
  constexpr unsigned long kNamespaces =
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  const unsigned long flags = isolation == Isolation::kFull ? kNamespaces : 0;
  return pid_t(syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

/// Reads what the program says until it has closed its output, said too much or taken too long.
SandboxRun listen_to(int output, const SandboxLimits& limits) {
  const SteadyClock clock;
  const Time deadline = clock.now() + limits.wall;
  SandboxRun run;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.now()).count();
    pollfd ready{output, POLLIN, 0};
    const int count = left > 0 ? poll(&ready, 1, int(left)) : 0;
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      run.end = SandboxRun::End::kTimeout;
      return run;
    }
    const ssize_t size = read(output, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return run;
    run.output.append(buffer.data(), std::size_t(size));
    if (run.output.size() > limits.output_bytes) {
      run.output.resize(limits.output_bytes);
      run.end = SandboxRun::End::kTooMuchOutput;
      return run;
    }
  }
}

/// The program has said what it had to say; nothing of it goes on.
void end_process(pid_t pid) {
  kill(-pid, SIGKILL);
  kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<SandboxRun> run_python(const std::string& program, Isolation isolation,
                              const SandboxLimits& limits) {
  const char* python = find_python();
  if (python == nullptr) {
    return Error{ErrorCode::kUnavailable,
                 "verifier python needs /usr/bin/python3 or /usr/local/bin/python3"};
  }
  const OwnFolder folder;
  if (folder.path().empty()) return cannot("a temporary folder", errno);
  Result<Descriptor> input = file_of(program);
  if (!input) return input.error();
  Result<Pipe> output = make_pipe(), failure = make_pipe();
  if (!output) return output.error();
  if (!failure) return failure.error();
  // Nobody in particular inside, whoever we are outside.
  const std::string uid_map = "65534 " + std::to_string(geteuid()) + " 1";
  const std::string gid_map = "65534 " + std::to_string(getegid()) + " 1";
  // -I -S: nothing of the user's or the site's; -B: no bytecode files.
  const char* const command[] = {python, "-I", "-S", "-B", "-", nullptr};
  const char* const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", nullptr};
  const SandboxPlan plan{
      isolation, limits,      folder.path().c_str(), uid_map.c_str(),     gid_map.c_str(),
      command,   environment, input->get(),          output->write.get(), failure->write.get()};
  const pid_t pid = fork_into(isolation);
  if (pid < 0) return cannot("a process in namespaces of its own", errno);
  if (pid == 0) become_sandbox(plan);
  output->write = {};
  failure->write = {};
  SandboxRun run = listen_to(output->read.get(), limits);
  end_process(pid);
  SandboxFailure told{};
  if (read(failure->read.get(), &told, sizeof told) == ssize_t(sizeof told)) {
    return cannot(told.step, told.error);
  }
  return run;
}

}  // namespace unmask::cli
