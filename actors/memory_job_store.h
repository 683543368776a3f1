#pragma once

#include <cstddef>
#include <deque>
#include <map>

#include "actors/job_store.h"

namespace unmask {

/// Lives and dies with its process; forgets the oldest results when they are too many or take too
/// many bytes. The last one is kept whatever it takes, and so is every job that is not finished.
class MemoryJobStore final : public JobStore {
 public:
  explicit MemoryJobStore(std::size_t max_finished = 4096, std::size_t max_bytes = 256 << 20)
      : max_finished_(max_finished), max_bytes_(max_bytes) {}

  [[nodiscard]] Result<> put(const Admit& admit) override;
  [[nodiscard]] Result<> commit(const Committed& block) override;
  [[nodiscard]] Result<> finish(const Finished& finished) override;
  [[nodiscard]] const JobRecord* find(JobId job) const override;
  [[nodiscard]] std::vector<const JobRecord*> finished() const override;
  [[nodiscard]] std::string durability() const override;

 private:
  const std::size_t max_finished_;
  const std::size_t max_bytes_;  // of finished jobs
  std::map<JobId, JobRecord> records_;
  std::deque<JobId> finished_;  // oldest first
  std::size_t num_bytes_ = 0;   // of these
};

}  // namespace unmask
