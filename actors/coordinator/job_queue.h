#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "runtime/base/ids.h"

namespace unmask::actors {

/// Jobs that wait for a replica, in order of arrival, and what was published of their places.
class JobQueue {
 public:
  struct Place {
    JobId job;
    std::int32_t place = 0;  ///< 1: next
  };

  void add(JobId job);
  /// At any place; nothing happens if it does not wait.
  void remove(JobId job);
  /// Somebody has yet to hear of its place.
  void publish_again(JobId job);

  [[nodiscard]] bool empty() const { return jobs_.empty(); }
  [[nodiscard]] std::size_t size() const { return jobs_.size(); }
  [[nodiscard]] JobId front() const { return jobs_.front().job; }

  /// The places that changed enough to be published since the last call: far back in the queue only
  /// every halving does.
  [[nodiscard]] std::vector<Place> changed_places();

 private:
  std::deque<Place> jobs_;  // each with the place that was published last; 0: none
  bool has_moved_ = false;  // since the last changed_places()
};

}  // namespace unmask::actors
