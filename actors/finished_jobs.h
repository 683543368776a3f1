#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "runtime/base/ids.h"

namespace unmask::actors {

/// Which finished jobs are remembered: the latest, unless they are too many or take too many bytes.
/// The last one is remembered whatever it takes.
class FinishedJobs {
 public:
  struct Limits {
    std::size_t max_jobs = 0;
    std::size_t max_bytes = 0;
  };

  explicit FinishedJobs(Limits limits) : limits_(limits) {}

  /// Takes the latest, and returns those to forget for it, the oldest first.
  [[nodiscard]] std::vector<JobId> add(JobId job, std::size_t num_bytes);

  [[nodiscard]] std::vector<JobId> latest_first() const;
  [[nodiscard]] std::size_t size() const { return jobs_.size(); }

 private:
  struct Remembered {
    JobId job;
    std::size_t num_bytes = 0;
  };

  [[nodiscard]] bool is_too_much() const;

  const Limits limits_;
  std::deque<Remembered> jobs_;  // oldest first
  std::size_t num_bytes_ = 0;    // of all of them
};

}  // namespace unmask::actors
