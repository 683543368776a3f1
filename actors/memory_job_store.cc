#include "actors/memory_job_store.h"

namespace unmask {
namespace {

Error unknown() { return {ErrorCode::kNotFound, "the job store has no such job"}; }

}  // namespace

Result<> MemoryJobStore::put(const Admit& admit) {
  records_[admit.job].admit = admit;
  return {};
}

Result<> MemoryJobStore::commit(const Committed& block) {
  const auto record = records_.find(block.job);
  if (record == records_.end()) return unknown();
  record->second.blocks.push_back(block);
  return {};
}

Result<> MemoryJobStore::finish(const Finished& finished) {
  const auto record = records_.find(finished.job);
  if (record == records_.end()) return unknown();
  record->second.finished = finished;
  finished_.push_back(finished.job);
  while (finished_.size() > max_finished_) {
    records_.erase(finished_.front());
    finished_.pop_front();
  }
  return {};
}

const JobRecord* MemoryJobStore::find(JobId job) const {
  const auto record = records_.find(job);
  return record == records_.end() ? nullptr : &record->second;
}

std::vector<const JobRecord*> MemoryJobStore::finished() const {
  std::vector<const JobRecord*> latest_first;
  for (auto id = finished_.rbegin(); id != finished_.rend(); ++id) {
    latest_first.push_back(&records_.at(*id));
  }
  return latest_first;
}

std::string MemoryJobStore::durability() const {
  return "in memory: a restart of the coordinator loses all jobs";
}

}  // namespace unmask
