#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "actors/messages/membership.h"
#include "runtime/actor/clock.h"
#include "runtime/actor/timers.h"
#include "runtime/os/process.h"

namespace unmask::cli {

/// Of a process that was to go on. was_silent: it was killed because nobody heard of it.
[[nodiscard]] actors::EndReason end_reason(const ExitStatus& status, bool was_silent);

/// Decides whether a process that fails is started again: not if it fails too often, and hardware
/// that is broken stays so.
class RestartHistory {
 public:
  static constexpr std::size_t kMaxFailures = 5;  ///< within kFailureWindow
  static constexpr std::chrono::seconds kFailureWindow{60};
  static constexpr std::size_t kMaxHardwareFaults = 3;  ///< within kHardwareWindow
  static constexpr std::chrono::hours kHardwareWindow{1};

  /// It failed once more. After how long it is started again; nothing: never.
  [[nodiscard]] std::optional<Duration> fail(Time now, actors::EndReason reason);

 private:
  struct Failure {
    Time at;
    bool is_hardware;
  };

  std::deque<Failure> failures_{};  // those that count still
};

}  // namespace unmask::cli
