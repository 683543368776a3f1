#include "runtime/cli/eval/syscall_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace unmask::cli {
namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr unsigned kArchitecture = 0;
#endif

constexpr unsigned kOtherAbi = 0x40000000;  // x32's numbers begin here

/// Numbers of calls that a program of one process and no network has no use for.
constexpr std::array kForbidden{
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
    SYS_socket,
    SYS_socketpair,
    SYS_io_uring_setup,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_keyctl,
    SYS_add_key,
    SYS_userfaultfd};

constexpr sock_filter load_word(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, unsigned(offset));
}
constexpr sock_filter answer(unsigned action) { return BPF_STMT(BPF_RET | BPF_K, action); }
/// Skips the next instruction unless the loaded word is `value`.
constexpr sock_filter only_if(unsigned value) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
}
constexpr unsigned kRefuse = SECCOMP_RET_ERRNO | EPERM;

constexpr auto make_filter() {
  std::array<sock_filter, 13 + 2 * kForbidden.size()> filter{};
  std::size_t size = 0;
  const auto add = [&](sock_filter instruction) { filter[size++] = instruction; };
  add(load_word(offsetof(seccomp_data, arch)));
  add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  add(answer(SECCOMP_RET_KILL_PROCESS));
  add(load_word(offsetof(seccomp_data, nr)));
  add(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kOtherAbi, 0, 1));
  add(answer(kRefuse));
  add(only_if(SYS_clone3));  // its flags cannot be read here; the C library takes clone instead
  add(answer(SECCOMP_RET_ERRNO | ENOSYS));
  for (const long number : kForbidden) {
    add(only_if(unsigned(number)));
    add(answer(kRefuse));
  }
  add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, unsigned(SYS_clone), 0, 3));
  add(load_word(offsetof(seccomp_data, args)));
  add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0));
  add(answer(kRefuse));
  add(answer(SECCOMP_RET_ALLOW));
  return filter;
}

}  // namespace

int forbid_processes_and_sockets() {
  if (kArchitecture == 0) return ENOSYS;
  static constexpr auto kFilter = make_filter();
  const sock_fprog program{kFilter.size(), const_cast<sock_filter*>(kFilter.data())};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return errno;
  return 0;
}

}  // namespace unmask::cli
