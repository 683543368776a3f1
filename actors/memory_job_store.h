#pragma once

#include <cstddef>
#include <deque>
#include <map>

#include "actors/job_store.h"

namespace unmask {

/// Lives and dies with its process; forgets the oldest results beyond `max_finished`.
class MemoryJobStore final : public JobStore {
 public:
  explicit MemoryJobStore(std::size_t max_finished = 4096) : max_finished_(max_finished) {}

  [[nodiscard]] Result<> put(const Admit& admit) override;
  [[nodiscard]] Result<> commit(const Committed& block) override;
  [[nodiscard]] Result<> finish(const Finished& finished) override;
  [[nodiscard]] const JobRecord* find(JobId job) const override;
  [[nodiscard]] std::vector<const JobRecord*> finished() const override;
  [[nodiscard]] std::string durability() const override;

 private:
  std::size_t max_finished_;
  std::map<JobId, JobRecord> records_;
  std::deque<JobId> finished_;  // oldest first
};

}  // namespace unmask
