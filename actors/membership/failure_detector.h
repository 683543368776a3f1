#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "runtime/actor/clock.h"
#include "runtime/base/ids.h"

namespace unmask::actors {

/// Says which peers have been silent for too long. Time is what the caller says; it stands still
/// while the caller's process does.
class FailureDetector {
 public:
  struct Options {
    std::chrono::milliseconds dead_after{3500};  ///< silence
  };

  explicit FailureDetector(Options options) : options_(options) {}

  void hear(PeerId peer, Time now) { last_heard_[peer] = now; }
  void forget(PeerId peer) { last_heard_.erase(peer); }

  /// Who is to be declared dead.
  [[nodiscard]] std::vector<PeerId> silent(Time now) const;

 private:
  const Options options_;
  std::map<PeerId, Time> last_heard_;
};

}  // namespace unmask::actors
