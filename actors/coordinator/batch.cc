#include "actors/coordinator/batch.h"

#include <utility>

#include "model/diffusion/burst.h"
#include "model/diffusion/loop_bytes.h"

namespace unmask::actors {
namespace {

/// The job's part of a step, planned once and kept until there is room for it.
const SequenceStep& plan(RunningJob& job) {
  if (!job.next) {
    job.next = job.loop.next();
    job.next->sequence = job.sequence;
  }
  return *job.next;
}

/// A burst ends with the first job that comes to a border: of many, one does at every step.
constexpr std::size_t kMaxBurstJobs = 8;
constexpr std::size_t kMaxBurstBytes = 256 << 10;  // of all loops; the states travel with the step

/// Ids of rules and lists that a step may have, so that it can be sent. One job has fewer.
constexpr std::size_t kMaxIds = std::size_t(1) << 19;

std::size_t num_ids(const SequenceStep& step) {
  const SamplingRules& rules = step.rules;
  return rules.never_chosen.size() + rules.not_in_confidence.size() + step.listed.tokens.size();
}

}  // namespace

std::optional<Batch> next_batch(Replica& replica, std::map<JobId, RunningJob>& jobs) {
  Batch batch;
  std::int32_t rows = 0;
  std::size_t ids = 0;
  std::deque<JobId> without_room, with_room;
  for (const JobId id : replica.running) {
    RunningJob& job = jobs.at(id);
    const std::int32_t more_rows = num_rows(plan(job));
    const std::size_t more_ids = num_ids(*job.next);
    const bool has_ids = ids == 0 || ids + more_ids <= kMaxIds;
    const bool fits = has_ids && rows + more_rows <= replica.capacity.max_rows_per_step;
    (fits ? with_room : without_room).push_back(id);
    if (!fits) continue;
    rows += more_rows;
    ids += more_ids;
    batch.in_flight.jobs.push_back(id);
    batch.in_flight.sequences.push_back(job.sequence);
    batch.in_flight.phases.push_back(job.next->phase);
    job.is_on_workers = true;
    // A traced job's part is wanted again, with its candidates.
    batch.step.sequences.push_back(job.subscription.trace ? *job.next : std::move(*job.next));
    if (!job.subscription.trace) job.next.reset();
  }
  if (batch.step.sequences.empty()) return std::nullopt;
  replica.running = std::move(without_room);
  replica.running.insert(replica.running.end(), with_room.begin(), with_room.end());

  batch.step.epoch = replica.epoch;
  batch.step.seq = batch.in_flight.seq = ++replica.last_seq;
  batch.step.closed = std::exchange(replica.closed, {});
  batch.in_flight.results.resize(replica.workers.size());
  batch.in_flight.answered_at.resize(replica.workers.size());
  return batch;
}

void allow_burst(Batch& batch, std::int32_t burst, const Replica& replica,
                 const std::map<JobId, RunningJob>& jobs) {
  const std::size_t num_jobs = batch.in_flight.jobs.size();
  if (burst <= 1 || num_jobs > kMaxBurstJobs || replica.running.size() > num_jobs) return;
  std::size_t num_bytes = 0;
  for (std::size_t i = 0; i < num_jobs; ++i) {
    Bytes& loop = batch.step.sequences[i].loop;
    loop = diffusion::bytes_of(jobs.at(batch.in_flight.jobs[i]).loop);
    num_bytes += loop.size();
  }
  if (num_bytes > kMaxBurstBytes) {
    for (SequenceStep& sequence : batch.step.sequences) sequence.loop.clear();
    return;
  }
  batch.step.burst = burst;
}

StepInFlight next_of_burst(Replica& replica, const StepInFlight& last,
                           std::map<JobId, RunningJob>& jobs) {
  StepInFlight next;
  next.seq = ++replica.last_seq;
  next.jobs = last.jobs;
  next.sequences = last.sequences;
  next.phases.assign(last.jobs.size(), Phase::kDenoise);
  for (std::size_t i = 0; i < last.jobs.size(); ++i) {
    RunningJob* const job = find_running(jobs, last.jobs[i], last.sequences[i]);
    next.asked.push_back(std::nullopt);
    if (job == nullptr) continue;
    next.asked.back() = diffusion::digest_of(plan(*job));
    if (!job->subscription.trace) job->next.reset();
  }
  next.results.resize(replica.workers.size());
  next.answered_at.resize(replica.workers.size());
  if (auto early = replica.burst->early.extract(next.seq)) next.results = std::move(early.mapped());
  return next;
}

}  // namespace unmask::actors
