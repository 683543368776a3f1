#include "actors/coordinator/store/memory_job_store.h"

namespace unmask::actors {
namespace {

/// What a finished job takes, roughly.
std::size_t num_bytes(const JobRecord& record) {
  constexpr std::size_t kFixed = 1024;  // nodes, ids, figures
  std::size_t num_tokens = record.admit.input.tokens.size() + 2 * record.admit.input.holes.size();
  for (const Committed& block : record.blocks) {
    num_tokens += block.tokens.size() + sizeof block / sizeof(std::int32_t);
  }
  num_tokens += record.finished->tokens.size() + record.finished->canvas.size();
  return kFixed + num_tokens * sizeof(std::int32_t);
}

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
  if (record->second.finished) return {};  // the first end counts
  record->second.finished = finished;
  for (const JobId forgotten : finished_.add(finished.job, num_bytes(record->second))) {
    records_.erase(forgotten);
  }
  return {};
}

const JobRecord* MemoryJobStore::find(JobId job) const {
  const auto record = records_.find(job);
  return record == records_.end() ? nullptr : &record->second;
}

std::vector<const JobRecord*> MemoryJobStore::finished() const {
  std::vector<const JobRecord*> latest_first;
  for (const JobId id : finished_.latest_first()) latest_first.push_back(&records_.at(id));
  return latest_first;
}

std::string MemoryJobStore::durability() const {
  return "in memory: a restart of the coordinator loses all jobs";
}

}  // namespace unmask::actors
