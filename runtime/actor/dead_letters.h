#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/base/metrics.h"

namespace unmask {

/// Why a message was not handled.
enum class DeadLetterReason : std::uint8_t {
  kFull,     ///< the mailbox was full
  kClosed,   ///< the receiver was stopping or gone
  kCrashed,  ///< it waited in a mailbox whose actor failed or was killed
  kTimers,   ///< the actor had too many timers armed already
};

/// Counts every message that a mailbox refused or dropped: none is lost without a trace.
/// Thread-safe.
class DeadLetters {
 public:
  explicit DeadLetters(Metrics& metrics);

  void count(DeadLetterReason reason, std::size_t num_messages = 1);

 private:
  std::array<Counter*, 4> counters_;  // by reason
};

}  // namespace unmask
