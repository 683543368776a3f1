#include "runtime/cli/eval/sandbox_child.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/cli/eval/syscall_filter.h"

namespace unmask::cli {
namespace {

[[noreturn]] void give_up(const SandboxPlan& plan, const char* step, int error) {
  SandboxFailure failure{};
  std::strncpy(failure.step, step, sizeof failure.step - 1);
  failure.error = error;
  (void)!write(plan.failure, &failure, sizeof failure);
  _exit(127);
}

void expect(bool is_good, const SandboxPlan& plan, const char* step) {
  if (!is_good) give_up(plan, step, errno);
}

bool write_file(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const auto size = ssize_t(std::strlen(text));
  const bool is_good = write(file, text, std::size_t(size)) == size;
  const int error = errno;
  close(file);
  errno = error;
  return is_good;
}

/// Of the kernel's struct mount_attr, whose header does not go together with <sys/mount.h>.
struct MountAttributes {
  std::uint64_t set = 0x1 | 0x2 | 0x4;  // read-only, no set-user-id, no devices
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;
  std::uint64_t user_namespace = 0;
};

/// Shows the machine's `/name` as `name` below the working directory, where nobody can write it;
/// a link stays a link. What the machine does not have is left out.
void show_folder(const SandboxPlan& plan, const char* name) {
  char from[16] = "/", target[64] = {};
  std::strncat(from, name, sizeof from - 2);
  struct stat status {};
  if (lstat(from, &status) != 0) return;
  if (S_ISLNK(status.st_mode)) {
    expect(readlink(from, target, sizeof target - 1) > 0, plan, "readlink");
    expect(symlink(target, name) == 0, plan, "symlink");
    return;
  }
  expect(mkdir(name, 0755) == 0, plan, "mkdir");
  expect(mount(from, name, nullptr, MS_BIND | MS_REC, nullptr) == 0, plan, "mount of a folder");
  MountAttributes attributes;
  expect(syscall(SYS_mount_setattr, AT_FDCWD, name, 0x8000 /* AT_RECURSIVE */, &attributes,
                 sizeof attributes) == 0,
         plan, "mount_setattr");
}

/// A root of its own: /usr, an empty /tmp in memory, and nothing else.
void enter_own_root(const SandboxPlan& plan) {
  expect(write_file("/proc/self/setgroups", "deny") &&
             write_file("/proc/self/uid_map", plan.uid_map) &&
             write_file("/proc/self/gid_map", plan.gid_map),
         plan, "user namespace");
  expect(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, plan, "private mounts");
  expect(mount("none", plan.folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=32m,nr_inodes=4096") == 0,
         plan, "mount of a tmpfs");
  expect(chdir(plan.folder) == 0, plan, "chdir");
  for (const char* name : {"usr", "bin", "lib", "lib64"}) show_folder(plan, name);
  expect(mkdir("tmp", 0700) == 0, plan, "mkdir");
  expect(syscall(SYS_pivot_root, ".", ".") == 0, plan, "pivot_root");
  expect(umount2(".", MNT_DETACH) == 0, plan, "umount");
  expect(chdir("/tmp") == 0, plan, "chdir");
}

void limit(const SandboxPlan& plan) {
  const auto set = [&](__rlimit_resource resource, std::uint64_t most) {
    const rlimit value{most, most};
    expect(setrlimit(resource, &value) == 0, plan, "setrlimit");
  };
  set(RLIMIT_CPU, plan.limits.cpu_seconds);
  set(RLIMIT_AS, plan.limits.memory_bytes);
  set(RLIMIT_FSIZE, plan.limits.file_bytes);
  set(RLIMIT_NPROC, 32);
  set(RLIMIT_NOFILE, 64);
  set(RLIMIT_CORE, 0);
}

}  // namespace

void become_sandbox(const SandboxPlan& plan) {
  expect(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, plan, "prctl");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  expect(setsid() >= 0, plan, "setsid");
  expect(dup2(plan.input, 0) == 0 && dup2(plan.output, 1) == 1 && dup2(plan.output, 2) == 2, plan,
         "dup2");
  expect(syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) == 0, plan, "close_range");
  if (plan.isolation == Isolation::kFull) {
    enter_own_root(plan);
  } else {
    expect(chdir(plan.folder) == 0, plan, "chdir");
  }
  limit(plan);
  if (const int error = forbid_processes_and_sockets(); error != 0) {
    give_up(plan, "seccomp", error);
  }
  execve(plan.command[0], const_cast<char* const*>(plan.command),
         const_cast<char* const*>(plan.environment));
  give_up(plan, "start of python3", errno);
}

}  // namespace unmask::cli
