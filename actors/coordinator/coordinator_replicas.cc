/// Workers come and go: what becomes of the jobs that ran on them.

#include <algorithm>
#include <utility>

#include "actors/coordinator/coordinator.h"

namespace unmask::actors {

void Coordinator::on(ReplicaUp up) {
  end_replica(up.replica, "its workers formed a new group");
  Replica replica;
  replica.index = up.replica;
  replica.epoch = up.epoch;
  replica.workers = std::move(up.workers);
  replica.capacity = up.capacity;
  replica.free = replica.total();
  replicas_.emplace(up.replica, std::move(replica));
  schedule();
}

void Coordinator::on(ReplicaDown down) {
  const auto found = replicas_.find(down.replica);
  if (found == replicas_.end() || found->second.epoch != down.epoch) return;
  end_replica(down.replica, down.reason);
  schedule();
}

void Coordinator::end_replica(std::int32_t index, const std::string& reason) {
  const auto found = replicas_.find(index);
  if (found == replicas_.end()) return;
  const std::optional<StepInFlight> step = found->second.in_flight;
  if (step) cancel(step->timer);
  const std::deque<JobId> running = found->second.running;
  for (const JobId id : running) {
    const bool was_computed = step && std::ranges::find(step->jobs, id) != step->jobs.end();
    take_back(jobs_.at(id), was_computed, reason);
  }
  replicas_.erase(found);
}

/// The job's workers are lost: it goes on from its last block border on whichever come next.
///
/// What takes a group down once may be chance. What does so twice, without a block in between, is
/// the job's doing, and would go on with the next group.
void Coordinator::take_back(RunningJob& job, bool was_computed, const std::string& reason) {
  const JobId id = job.id;
  if (was_computed && ++job.num_losses > 1) {
    return finish(id, FinishReason::kError,
                  Error{ErrorCode::kInternal,
                        "poison: twice its workers were lost in the same "
                        "block; the last time: " +
                            reason});
  }
  // A trace has told of forwards that would come again.
  if (job.subscription.trace || !rewind(job)) {
    return finish(id, FinishReason::kError, Error{ErrorCode::kUnavailable, reason});
  }
  job.replica.reset();
  job.is_on_workers = false;
  job.next.reset();
  job.block_forwards = 0;
  waiting_.add_back(id, job.priority);
  probe_.job_taken_back();
  to_gateways(job,
              Queued{id, 1, reason + "; it goes on behind block " + std::to_string(job.block)});
}

/// Back to the last block border, or to the start if that needs what is lost. False if the blocks
/// that must come again are not stored yet, so that nobody could tell whether they did.
bool Coordinator::rewind(RunningJob& job) {
  if (auto loop = diffusion::DiffusionLoop::resume_without_cache(
          job.loop.params(), job.loop.vocabulary(), job.border)) {
    job.loop = std::move(*loop);
    return true;
  }
  const JobRecord* const record = store_.find(job.id);
  if (record == nullptr || record->blocks.size() < std::size_t(job.block)) return false;
  Result<diffusion::DiffusionLoop> loop =
      make_loop(record->admit.input, job.loop.params(), options_.model);
  if (!loop) return false;
  job.loop = std::move(*loop);
  job.border = job.loop.state();
  // It may have been on its way back to where it was before.
  job.num_replayed = std::max(job.num_replayed, std::exchange(job.block, 0));
  return true;
}

void Coordinator::on(StepExpired expired) {
  const auto found = replicas_.find(expired.replica);
  if (found == replicas_.end() || found->second.epoch != expired.epoch) return;
  Replica& replica = found->second;
  if (!replica.in_flight || replica.in_flight->seq != expired.seq) return;
  (void)peers_.replica_broken.send(replica_broken(replica, options_.step_timeout));
  replica.in_flight->timer = after(options_.step_timeout, expired);  // the report may be lost
}

}  // namespace unmask::actors
