/// What the store has to have before anybody hears of it: jobs, their blocks and their ends.

#include <utility>

#include "actors/coordinator/admission.h"
#include "actors/coordinator/coordinator.h"
#include "actors/coordinator/job_messages.h"
#include "runtime/base/hex.h"

namespace unmask::actors {

void Coordinator::accept(JobId id, const Result<>& stored) {
  RunningJob& job = jobs_.at(id);
  --num_storing_;
  if (!stored) {
    probe_.job_refused(stored.error().code);
    to_gateways(job, Rejected{id, stored.error()});
    jobs_.erase(id);
    return notify_if_drained();
  }
  open(job);
  probe_.job_accepted();
  env_.log.info("job accepted", {{"job", to_hex(id)},
                                 {"client", job.requester.name()},
                                 {"prompt_tokens", std::to_string(job.figures.prompt_tokens)},
                                 {"canvas", std::to_string(job.loop.canvas().size())}});
  to_gateways(job, Accepted{id, false, job.figures.prompt_tokens, job.loop.canvas().size()});
  if (job.early_end) finish(id, *job.early_end);
  schedule();
}

/// Takes up what an earlier life of this actor accepted and did not end. Its blocks are decoded
/// again from the first, as the cache that they left behind is gone, and must come out the same.
void Coordinator::recover() {
  for (const JobRecord* record : store_.unfinished()) {
    const JobId id = record->admit.job;
    Result<RunningJob> made = make_job(record->admit, options_.model, record->accepted_at);
    if (!made) {
      const Finished finished{id, FinishReason::kError, made.error(), {}, {}, {}, {}};
      store_.finish(finished, [](const Result<>& /*stored*/) {});
      continue;
    }
    made->num_replayed = std::int32_t(record->blocks.size());
    RunningJob& job = jobs_.emplace(id, std::move(*made)).first->second;
    open(job);
    end_unless_wanted(job);
  }
}

void Coordinator::commit(RunningJob& job, Range positions) {
  const Time now = env_.clock.now();
  Committed block{job.id,    job.block,
                  positions, answer_in(job.loop, positions),
                  {},        places_in(job.loop, positions)};
  if (job.subscription.logprobs) block.logprobs = logprobs_in(job.logprobs, block.places);
  if (replays(job, block)) return;
  const bool is_first = job.block == 0;
  if (is_first) job.figures.time_to_first_block = between(job.accepted_at, now);
  probe_.block_committed(std::int32_t(block.tokens.size()), job.block_forwards,
                         between(job.last_block_at, now), is_first);
  job.last_block_at = now;
  job.block_forwards = 0;
  ++job.block;
  ++job.num_storing;
  store_.commit(block,
                once_stored([this, block](const Result<>& stored) { take_stored(block, stored); }));
}

/// The first block that is refused ends the job, and none behind it is sent.
void Coordinator::take_stored(const Committed& block, const Result<>& stored) {
  RunningJob& job = jobs_.at(block.job);
  --job.num_storing;
  const bool is_ending = job.stage == RunningJob::Stage::kEnding;
  if (!job.unstored_from && stored) to_gateways(job, block);
  if (!job.unstored_from && !stored) {
    job.unstored_from = block.positions.begin;
    job.block = block.block;  // so many are committed
    if (!is_ending) return finish(block.job, FinishReason::kError, stored.error());
    job.end = JobEnd{FinishReason::kError, stored.error()};
  }
  if (is_ending) store_end(job);
}

/// Whether the block is in the store already, from before a restart. What was sent is never
/// contradicted: a block that came out otherwise ends the job.
bool Coordinator::replays(RunningJob& job, const Committed& block) {
  if (block.block >= job.num_replayed) return false;
  const Committed& stored = store_.find(job.id)->blocks.at(std::size_t(block.block));
  if (stored.tokens != block.tokens || stored.positions != block.positions) {
    finish(job.id, FinishReason::kError,
           Error{ErrorCode::kInternal, "block " + std::to_string(block.block) +
                                           " came out otherwise when the job was run again"});
    return true;
  }
  job.block_forwards = 0;
  ++job.block;
  return true;
}

/// Once the store has answered about all its blocks: it ends otherwise if one was refused.
void Coordinator::store_end(const RunningJob& job) {
  if (job.num_storing > 0) return;
  const Finished finished = finished_of(job, job.end->reason, job.end->error, env_.clock.now());
  store_.finish(finished, once_stored([this, finished](const Result<>& stored) {
                  settle(finished, stored);
                }));
}

/// The job's end is stored, or cannot be: then that is what the client hears.
void Coordinator::settle(Finished finished, const Result<>& stored) {
  if (!stored) {
    finished.reason = FinishReason::kError;
    finished.error = stored.error();
  }
  --num_ending_;
  probe_.job_finished(finished.reason, finished.figures);
  const auto job = jobs_.find(finished.job);
  log_end(job->second, finished);
  to_gateways(job->second, std::move(finished));
  jobs_.erase(job);
  notify_if_drained();
}

void Coordinator::log_end(const RunningJob& job, const Finished& finished) const {
  const std::chrono::duration<double> seconds = finished.figures.duration;
  env_.log.info("job ended", {{"job", to_hex(finished.job)},
                              {"client", job.requester.name()},
                              {"reason", std::string(name_of(finished.reason))},
                              {"tokens", std::to_string(finished.figures.tokens)},
                              {"forwards", std::to_string(finished.figures.forwards)},
                              {"seconds", std::to_string(seconds.count())},
                              {"error", finished.error ? finished.error->message : ""}});
}

/// What the store answers goes to `handle`, unless this actor is gone by then.
JobStore::Done Coordinator::once_stored(std::function<void(const Result<>&)> handle) {
  return [is_alive = std::weak_ptr<const bool>(is_alive_),
          handle = std::move(handle)](const Result<>& stored) {
    if (!is_alive.expired()) handle(stored);
  };
}

}  // namespace unmask::actors
