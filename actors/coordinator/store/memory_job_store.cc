#include "actors/coordinator/store/memory_job_store.h"

#include <algorithm>

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

void MemoryJobStore::put(const Admit& admit, Time accepted_at, Done done) {
  JobRecord& record = records_[admit.job];
  record.admit = admit;
  record.accepted_at = accepted_at;
  done({});
}

void MemoryJobStore::commit(const Committed& block, Done done) {
  const auto record = records_.find(block.job);
  if (record == records_.end()) return done(unknown());
  record->second.blocks.push_back(block);
  done({});
}

void MemoryJobStore::finish(const Finished& finished, Done done) {
  const auto record = records_.find(finished.job);
  if (record == records_.end()) return done(unknown());
  if (record->second.finished) return done({});  // the first end counts
  record->second.finished = finished;
  for (const JobId forgotten : finished_.add(finished.job, num_bytes(record->second))) {
    records_.erase(forgotten);
  }
  done({});
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

std::vector<const JobRecord*> MemoryJobStore::unfinished() const {
  std::vector<const JobRecord*> earliest_first;
  for (const auto& [id, record] : records_) {
    if (!record.finished) earliest_first.push_back(&record);
  }
  std::ranges::stable_sort(earliest_first, {}, &JobRecord::accepted_at);
  return earliest_first;
}

std::string MemoryJobStore::durability() const {
  return "in memory: a restart of the coordinator loses all jobs";
}

}  // namespace unmask::actors
