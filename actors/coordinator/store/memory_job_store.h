#pragma once

#include <cstddef>
#include <map>

#include "actors/coordinator/store/job_store.h"
#include "actors/finished_jobs.h"

namespace unmask::actors {

/// Lives and dies with its process, and answers at once; forgets the oldest results, and no job
/// that is not finished.
class MemoryJobStore final : public JobStore {
 public:
  explicit MemoryJobStore(FinishedJobs::Limits limits = {4096, 256 << 20}) : finished_(limits) {}

  void put(const Admit& admit, Time accepted_at, Done done) override;
  void commit(const Committed& block, Done done) override;
  void finish(const Finished& finished, Done done) override;
  [[nodiscard]] const JobRecord* find(JobId job) const override;
  [[nodiscard]] std::vector<const JobRecord*> finished() const override;
  [[nodiscard]] std::vector<const JobRecord*> unfinished() const override;
  [[nodiscard]] std::string durability() const override;

 private:
  std::map<JobId, JobRecord> records_;
  FinishedJobs finished_;  // in records_
};

}  // namespace unmask::actors
