#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "runtime/base/ids.h"

namespace unmask {

/// Jobs that wait for a replica, in order of arrival, and what was told of their places.
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
  void tell_again(JobId job);

  [[nodiscard]] bool empty() const { return jobs_.empty(); }
  [[nodiscard]] std::size_t size() const { return jobs_.size(); }
  [[nodiscard]] JobId front() const { return jobs_.front().job; }

  /// The places that are news since the last call. Far back in the queue only every halving is.
  [[nodiscard]] std::vector<Place> news();

 private:
  std::deque<Place> jobs_;  // each with the place that was told last; 0: none
  bool has_moved_ = false;  // since the last news
};

}  // namespace unmask
