#include "runtime/cli/doctor/machine_checks.h"

#include <array>
#include <cstdio>

#include "runtime/base/show_bytes.h"
#include "runtime/os/descriptors.h"

namespace unmask::cli {
namespace {

std::string in_milliseconds(std::int64_t microseconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms", double(microseconds) / 1000);
  return text.data();
}

}  // namespace

Check check_cpu(kernels::InstructionSet best, int num_cores) {
  const bool is_plain = best == kernels::InstructionSet::kPortable;
  return {"CPU", is_plain ? Verdict::kNote : Verdict::kOk,
          std::string(name_of(best)) + ", " + std::to_string(num_cores) +
              (num_cores == 1 ? " core" : " cores"),
          is_plain ? "without AVX2 forwards are slow: use another machine, or a GPU" : ""};
}

Check check_memory(const kernels::MemoryInfo& memory) {
  constexpr const char* kName = "memory";
  constexpr std::uint64_t kLittle = 1ull << 30;
  if (memory.total_bytes == 0) {
    return {kName, Verdict::kNote, "this machine does not say how much it has",
            "say how much a KV cache may take: --kv-memory"};
  }
  const bool is_little = memory.free_bytes < kLittle;
  return {kName, is_little ? Verdict::kNote : Verdict::kOk,
          show_bytes(memory.free_bytes) + " of " + show_bytes(memory.total_bytes) + " free",
          is_little ? "end what else runs here, or serve a small model" : ""};
}

Check check_descriptors(std::size_t limit, std::size_t wanted_http, std::size_t wanted_zmq) {
  constexpr const char* kName = "descriptors";
  const ConnectionLimits share = share_descriptors(limit, wanted_http, wanted_zmq);
  const std::string found = std::to_string(limit) + " per process";
  if (share.http >= wanted_http && share.zmq >= wanted_zmq) return {kName, Verdict::kOk, found};
  return {kName, Verdict::kNote,
          found + ", so at most " + std::to_string(share.http) + " connections of HTTP and " +
              std::to_string(share.zmq) + " of ZeroMQ",
          "raise the limit: LimitNOFILE= of a systemd unit, or ulimit -Hn"};
}

Check check_huge_pages(const std::string& mode) {
  constexpr const char* kName = "huge pages";
  if (mode == "always" || mode == "madvise") return {kName, Verdict::kOk, mode};
  return {kName, Verdict::kNote, mode.empty() ? "this kernel has none" : mode,
          "weights on a CPU are asked for in them: "
          "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"};
}

Check check_clock(const ClockSync& clock) {
  constexpr const char* kName = "clock";
  if (clock.is_synchronized) {
    return {kName, Verdict::kOk, "synchronized, within " + in_milliseconds(clock.max_error_us)};
  }
  return {kName, Verdict::kNote,
          clock.is_known ? "not synchronized with any other" : "the kernel does not say",
          "run chrony or systemd-timesyncd, so that logs of several hosts agree"};
}

Check check_loopback(const Result<>& listened) {
  constexpr const char* kName = "loopback";
  if (listened) return {kName, Verdict::kOk, "127.0.0.1 can be listened on"};
  return {kName, Verdict::kProblem, "127.0.0.1: " + listened.error().message,
          "bring the interface up: ip link set lo up"};
}

}  // namespace unmask::cli
