#include "actors/membership/failure_detector.h"

namespace unmask::actors {

std::vector<PeerId> FailureDetector::silent(Time now) const {
  std::vector<PeerId> silent;
  for (const auto& [peer, heard_at] : last_heard_) {
    if (now - heard_at > options_.dead_after) silent.push_back(peer);
  }
  return silent;
}

}  // namespace unmask::actors
