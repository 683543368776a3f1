#include "runtime/cli/process/restart_history.h"

#include <algorithm>

#include "runtime/cli/exit_code.h"

namespace unmask::cli {

using actors::EndReason;

EndReason end_reason(const ExitStatus& status, bool was_silent) {
  if (was_silent) return EndReason::kSilence;
  if (status.signal != 0) return EndReason::kSignal;
  if (status.code == kDeviceLost) return EndReason::kDevice;
  return status.code == kHardwareFault ? EndReason::kHardware : EndReason::kExit;
}

std::optional<Duration> RestartHistory::fail(Time now, EndReason reason) {
  constexpr std::chrono::milliseconds kDelay{200};  // doubles with every failure
  std::erase_if(failures_, [&](const Failure& failure) {
    return now - failure.at > (failure.is_hardware ? Duration(kHardwareWindow) : kFailureWindow);
  });
  failures_.push_back({now, reason == EndReason::kHardware});
  const auto num_latest = std::size_t(std::ranges::count_if(
      failures_, [&](const Failure& failure) { return now - failure.at <= kFailureWindow; }));
  const auto num_hardware = std::size_t(std::ranges::count_if(failures_, &Failure::is_hardware));
  if (num_latest > kMaxFailures || num_hardware > kMaxHardwareFaults) return std::nullopt;
  return kDelay * (1 << (num_latest - 1));
}

}  // namespace unmask::cli
