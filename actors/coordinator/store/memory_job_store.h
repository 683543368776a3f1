#pragma once

#include <cstddef>
#include <map>

#include "actors/coordinator/store/job_store.h"
#include "actors/finished_jobs.h"

namespace unmask::actors {

/// Lives and dies with its process; forgets the oldest results, and no job that is not finished.
class MemoryJobStore final : public JobStore {
 public:
  explicit MemoryJobStore(FinishedJobs::Limits limits = {4096, 256 << 20}) : finished_(limits) {}

  [[nodiscard]] Result<> put(const Admit& admit) override;
  [[nodiscard]] Result<> commit(const Committed& block) override;
  [[nodiscard]] Result<> finish(const Finished& finished) override;
  [[nodiscard]] const JobRecord* find(JobId job) const override;
  [[nodiscard]] std::vector<const JobRecord*> finished() const override;
  [[nodiscard]] std::string durability() const override;

 private:
  std::map<JobId, JobRecord> records_;
  FinishedJobs finished_;  // in records_
};

}  // namespace unmask::actors
