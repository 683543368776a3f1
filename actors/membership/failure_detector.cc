#include "actors/membership/failure_detector.h"

#include <utility>

namespace unmask::actors {

std::vector<PeerId> FailureDetector::silent(Time now) {
  const auto lag = now - std::exchange(last_tick_, now) - options_.tick;
  std::vector<PeerId> silent;
  for (auto& [peer, heard_at] : last_heard_) {
    if (lag > options_.loop_lag) heard_at += lag;
    if (now - heard_at > options_.dead_after) silent.push_back(peer);
  }
  return silent;
}

}  // namespace unmask::actors
