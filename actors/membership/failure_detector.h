#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "runtime/actor/clock.h"
#include "runtime/base/ids.h"

namespace unmask::actors {

/// Says which peers have been silent for too long. Time is what the caller says.
class FailureDetector {
 public:
  struct Options {
    std::chrono::milliseconds tick{250};         ///< how often silent() is asked
    std::chrono::milliseconds dead_after{3500};  ///< silence
    std::chrono::milliseconds loop_lag{500};     ///< own stall beyond which silence is not counted
  };

  FailureDetector(Options options, Time now) : options_(options), last_tick_(now) {}

  void hear(PeerId peer, Time now) { last_heard_[peer] = now; }
  void forget(PeerId peer) { last_heard_.erase(peer); }

  /// Who is to be declared dead. After a stall of this process nobody is: heartbeats may wait in
  /// its own mailbox.
  [[nodiscard]] std::vector<PeerId> silent(Time now);

 private:
  const Options options_;
  Time last_tick_;
  std::map<PeerId, Time> last_heard_;
};

}  // namespace unmask::actors
