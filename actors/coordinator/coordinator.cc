#include "actors/coordinator/coordinator.h"

#include <algorithm>
#include <utility>

#include "actors/coordinator/admission.h"
#include "actors/coordinator/batch.h"
#include "actors/coordinator/job_messages.h"
#include "model/diffusion/burst.h"
#include "runtime/base/hex.h"

namespace unmask::actors {

Coordinator::Coordinator(ActorContext& context, Env env, Options options, JobStore& store,
                         Peers peers)
    : Actor(context),
      env_(env),
      options_(std::move(options)),
      store_(store),
      peers_(std::move(peers)),
      probe_(env.metrics, env.clock, {options_.max_running, options_.step_timeout}) {
  recover();
}

// ---- Admission ----

void Coordinator::on(Incoming<Admit> admit) {
  const JobId id = admit.message.job;
  if (find(id) != nullptr || store_.find(id) != nullptr) return resend(admit.from, admit.message);

  Result<RunningJob> made = make_job(admit.message, options_.model, env_.clock.now());
  if (std::optional<Error> error = admission_error(made)) {
    probe_.job_refused(error->code);
    return to_gateway(admit.from, Rejected{id, std::move(*error)});
  }
  made->add_gateway(admit.from);
  const Time accepted_at = made->accepted_at;
  jobs_.emplace(id, std::move(*made));
  ++num_storing_;
  store_.put(admit.message, accepted_at,
             once_stored([this, id](const Result<>& stored) { accept(id, stored); }));
}

std::optional<Error> Coordinator::admission_error(const Result<RunningJob>& made) const {
  if (is_draining_) {
    return Error{ErrorCode::kUnavailable, "the cluster is shutting down and takes no new jobs"};
  }
  if (!made) return made.error();
  if (const std::size_t waiting = waiting_.size() + num_storing_; waiting >= options_.max_waiting) {
    return Error{ErrorCode::kOverloaded, "the queue is full: " + std::to_string(waiting) +
                                             " jobs wait already; try again later"};
  }
  return fit_error(*made, replicas_);
}

void Coordinator::open(RunningJob& job) {
  job.stage = RunningJob::Stage::kOpen;
  if (job.deadline) {
    deadlines_.insert({*job.deadline, job.id});
    arm_deadline_timer();
  }
  waiting_.add(job.id, job.requester.name(), job.priority);
  probe_.canvas_opened(job.loop.canvas().num_holes(job.loop.canvas().whole()));
}

void Coordinator::resend(PeerId gateway, const Admit& admit) {
  RunningJob* const job = find(admit.job);
  const JobRecord* const record = store_.find(admit.job);
  const bool is_same =
      admit.body_digest == (job != nullptr ? job->body_digest : record->admit.body_digest) &&
      admit.requester.owns(job != nullptr ? job->requester : record->admit.requester);
  if (!is_same) {
    probe_.job_refused(ErrorCode::kInvalidArgument);
    return to_gateway(
        gateway,
        Rejected{admit.job, {ErrorCode::kInvalidArgument, "another job already has this job id"}});
  }
  if (job != nullptr) {
    job->add_gateway(gateway);
    job->subscription.frames |= admit.subscription.frames;
    job->is_detached |= admit.is_detached;
    if (job->stage == RunningJob::Stage::kStoring) return;  // it hears what the others hear
    to_gateway(gateway,
               Accepted{admit.job, true, job->figures.prompt_tokens, job->loop.canvas().size()});
    waiting_.publish_again(admit.job);
    publish_queue_places();
  }
  for (const Committed& block : record->blocks) {
    if (block.block > admit.resume_after_block) to_gateway(gateway, block);
  }
  if (job == nullptr && record->finished) to_gateway(gateway, *record->finished);
}

// ---- The end of a job ----

void Coordinator::on(Incoming<Cancel> cancel) {
  const JobId id = cancel.message.job;
  const Requester& requester = cancel.message.requester;
  RunningJob* const job = find(id);
  if (job != nullptr && requester.owns(job->requester)) {
    job->add_gateway(cancel.from);  // it wants to hear the end, whoever sent the job
    finish(id, FinishReason::kCancelled);
    return schedule();
  }
  const JobRecord* record = store_.find(id);
  if (record != nullptr && record->finished && requester.owns(record->admit.requester)) {
    return to_gateway(cancel.from, *record->finished);
  }
  to_gateway(cancel.from, Rejected{id, {ErrorCode::kNotFound, "no job has this id"}});
}

void Coordinator::on(Incoming<StopJob> stop) {
  finish(stop.message.job, FinishReason::kStop);
  schedule();
}

void Coordinator::on(DeadlineTick /*tick*/) {
  deadline_timer_.reset();
  while (!deadlines_.empty() && deadlines_.begin()->first <= env_.clock.now()) {
    finish(deadlines_.begin()->second, FinishReason::kDeadline);
  }
  arm_deadline_timer();
  schedule();
}

void Coordinator::arm_deadline_timer() {
  if (deadlines_.empty()) return;
  const Time first = deadlines_.begin()->first;
  if (deadline_timer_ && armed_deadline_ <= first) return;
  if (deadline_timer_) cancel(*deadline_timer_);
  armed_deadline_ = first;
  deadline_timer_ = after(std::max(first - env_.clock.now(), Duration(0)), DeadlineTick{});
}

void Coordinator::finish(JobId id, FinishReason reason, std::optional<Error> error) {
  RunningJob* const job = find(id);
  if (job == nullptr || job->stage == RunningJob::Stage::kEnding) return;
  if (job->stage == RunningJob::Stage::kStoring) {
    job->early_end = reason;
    return;
  }
  if (job->deadline) deadlines_.erase({*job->deadline, id});
  if (job->replica) {
    Replica& replica = replicas_.at(*job->replica);
    std::erase(replica.running, id);
    end_burst(replica);
    // Its pages are free for the next step at once: that step closes it before its forward.
    replica.release(job->reserved);
    if (job->is_on_workers) replica.closed.push_back(job->sequence);
  } else {
    waiting_.remove(id);
  }
  job->stage = RunningJob::Stage::kEnding;
  job->end = JobEnd{reason, std::move(error)};
  ++num_ending_;
  store_end(*job);
}

void Coordinator::on(Drain drain) {
  drain_ = std::move(drain);
  is_draining_ = true;
  notify_if_drained();
}

void Coordinator::notify_if_drained() {
  if (!drain_ || !jobs_.empty()) return;
  (void)std::exchange(drain_, std::nullopt)->reply_to.send({});
}

// ---- Steps ----

void Coordinator::schedule() {
  place_waiting();
  for (auto& [index, replica] : replicas_) {
    if (!replica.in_flight) start_step(replica);
  }
  publish_queue_places();
  publish_load();
}

void Coordinator::place_waiting() {
  while (!waiting_.empty() && !replicas_.empty()) {
    RunningJob& job = jobs_.at(waiting_.front());
    if (std::optional<Error> error = fit_error(job, replicas_)) {
      finish(job.id, FinishReason::kError, std::move(error));
      continue;
    }
    Replica* replica = place_for(job, replicas_, options_.max_running);
    if (replica == nullptr) return;  // nobody overtakes, or the long ones would wait for ever
    waiting_.start(job.id);
    job.replica = replica->index;
    job.sequence = next_sequence_++;
    job.reserved = replica->reservation_of(job.demand());
    replica->reserve(job.reserved);
    replica->running.push_back(job.id);
    end_burst(*replica);
    if (job.started_at) continue;  // not the first time
    job.started_at = env_.clock.now();
    job.figures.queue_time = between(job.accepted_at, *job.started_at);
    probe_.job_started(job.figures.queue_time);
  }
}

void Coordinator::start_step(Replica& replica) {
  std::optional<Batch> batch = next_batch(replica, jobs_);
  if (!batch) return;
  if (waiting_.empty()) allow_burst(*batch, options_.burst, replica, jobs_);
  if (batch->step.burst > 1) replica.burst = BurstInFlight{.first_seq = batch->step.seq};
  replica.in_flight = std::move(batch->in_flight);
  arm_step_timer(replica);
  for (const PeerId worker : replica.workers) {
    const bool is_last = worker == replica.workers.back();  // a step of a full batch is not small
    Outgoing outgoing{worker, is_last ? std::move(batch->step) : batch->step};
    if (peers_.wire.send(std::move(outgoing))) continue;
    // It would not answer. If the report is lost, the timer sees to that.
    (void)peers_.replica_broken.send(
        ReplicaBroken{replica.index, replica.epoch, {}, "a step cannot be sent to a worker"});
    return;
  }
}

void Coordinator::arm_step_timer(Replica& replica) {
  replica.in_flight->sent_at = env_.clock.now();
  replica.in_flight->timer = after(
      options_.step_timeout, StepExpired{replica.index, replica.epoch, replica.in_flight->seq});
}

/// The workers have begun the step after `last`.
void Coordinator::follow_burst(Replica& replica, const StepInFlight& last) {
  replica.in_flight = next_of_burst(replica, last, jobs_);
  std::ranges::fill(replica.in_flight->answered_at, env_.clock.now());  // those that were early
  arm_step_timer(replica);
  probe_.forward_of_burst();
}

/// Something waits for the next step that is asked for.
void Coordinator::end_burst(Replica& replica) {
  if (!replica.burst || std::exchange(replica.burst->is_ending, true)) return;
  for (const PeerId worker : replica.workers) {
    // Who does not hear of it makes a few forwards more.
    (void)peers_.wire.send(Outgoing{worker, EndBurst{replica.epoch, replica.burst->first_seq}});
  }
}

void Coordinator::on(Incoming<StepResult> result) {
  for (auto& [index, replica] : replicas_) {
    const std::optional<std::size_t> rank = replica.rank_of(result.from);
    if (!rank) continue;
    if (replica.epoch != result.message.epoch || !replica.in_flight) break;
    const std::uint64_t seq = result.message.seq;
    auto* const results = replica.results_of(seq);
    if (results == nullptr || (*results)[*rank]) break;
    (*results)[*rank] = std::move(result.message);
    if (seq != replica.in_flight->seq) return;
    replica.in_flight->answered_at[*rank] = env_.clock.now();
    while (replica.in_flight && replica.in_flight->is_answered()) {
      if (!finish_step(replica)) return;
    }
    return;
  }
  probe_.stale_message();
}

/// False if the workers cannot be right: they get no step any more.
bool Coordinator::finish_step(Replica& replica) {
  if (!replica.in_flight->agrees()) {
    (void)peers_.replica_broken.send(replica_broken(replica, options_.step_timeout));
    return false;
  }
  if (!replica.in_flight->went_on_as_jobs()) {
    (void)peers_.replica_broken.send(replica_gone_astray(replica));
    return false;
  }
  StepInFlight step = *std::exchange(replica.in_flight, std::nullopt);
  const bool goes_on = step.results.front()->goes_on;
  if (!goes_on) replica.burst.reset();
  cancel(step.timer);
  const std::vector<SequenceResult>& results = step.results.front()->sequences;
  const Time answered = env_.clock.now();
  bool may_go_on = true;
  for (std::size_t i = 0; i < step.jobs.size(); ++i) {
    probe_.sequence_forward(step.phases[i]);
    RunningJob* const job = find_running(jobs_, step.jobs[i], step.sequences[i]);
    if (job != nullptr) may_go_on = apply(*job, results[i]) && may_go_on;
  }
  if (goes_on && !may_go_on) {
    replica.in_flight = std::move(step);
    arm_step_timer(replica);  // the report may be lost
    (void)peers_.replica_broken.send(replica_gone_astray(replica));
    return false;
  }
  if (goes_on) follow_burst(replica, step);
  schedule();
  const auto [first, last] = std::ranges::minmax(step.answered_at);
  probe_.step_finished(step.phases.front(), between(step.sent_at, answered), step.jobs.size(),
                       between(first, last), between(answered, env_.clock.now()));
  return true;
}

bool Coordinator::apply(RunningJob& job, const SequenceResult& result) {
  const JobId id = job.id;
  if (result.refusal) {
    finish(id, FinishReason::kError, result.refusal);
    return false;
  }
  const Range block = job.loop.state().block;
  const Result<diffusion::Applied> applied = job.loop.apply(result.candidates);
  if (!applied) {
    finish(id, FinishReason::kError, applied.error());
    return false;
  }
  ++job.block_forwards;
  probe_.tokens_decided(std::int32_t(applied->edits.size()));
  if (job.subscription.logprobs) note_logprobs(job, *applied, result.candidates);
  publish_progress(job, block, *applied,
                   applied->adjusted ? *applied->adjusted : result.candidates);
  if (applied->finished_block) {
    job.border = job.loop.state();
    job.num_losses = 0;
    commit(job, applied->finished_block->positions);
  }
  if (!applied->ending) return can_go_on(job.loop, *applied);
  const bool has_stopped = *applied->ending == diffusion::Ending::kStop;
  finish(id, has_stopped ? FinishReason::kStop : FinishReason::kLength);
  return false;
}

void Coordinator::publish_progress(RunningJob& job, Range block, const diffusion::Applied& applied,
                                   const CandidateColumns& candidates) {
  if (job.subscription.trace) {
    SequenceStep step = *std::exchange(job.next, std::nullopt);
    to_gateways(job, traced_of(job, std::move(step), block, applied, candidates));
  }
  if (job.subscription.frames) to_gateways(job, frame_of(job, block, candidates));
}

// ---- Gateways come and go ----

void Coordinator::on(PeerDown down) {
  // Workers: Membership says so. Gateways ask again for their jobs.
  for (auto& [id, job] : jobs_) {
    if (std::erase(job.gateways, down.peer) > 0) end_unless_wanted(job);
  }
}

/// Whoever wants to hear of the job has until the end of the grace time.
void Coordinator::end_unless_wanted(RunningJob& job) {
  if (!job.gateways.empty() || job.is_detached) return;
  job.orphaned_at = env_.clock.now();
  after(options_.client_grace, Orphaned{job.id, *job.orphaned_at});
}

void Coordinator::on(Orphaned orphaned) {
  const RunningJob* const job = find(orphaned.job);
  if (job == nullptr || job->orphaned_at != orphaned.since) return;
  finish(orphaned.job, FinishReason::kCancelled);
  schedule();
}

void Coordinator::on(MembersChanged changed) { members_ = std::move(changed); }

// ---- Queries ----

void Coordinator::on(Incoming<ListJobs> list) {
  JobList answer = list_of(jobs_, store_, list.message.requester, env_.clock.now());
  answer.request = list.message.request;
  to_gateway(list.from, std::move(answer));
}

void Coordinator::on(Incoming<GetStatus> get) {
  ClusterStatus status;
  status.request = get.message.request;
  status.version = options_.version;
  status.model = options_.model_name;
  status.epoch = members_.epoch;
  status.is_ready = !replicas_.empty();
  status.jobs_waiting = std::int32_t(waiting_.size());
  status.jobs_running = std::int32_t(num_running());
  const PageUse pages = page_use(replicas_);
  status.kv_pages_used = pages.used;
  status.kv_pages_total = pages.total;
  status.durability = store_.durability();
  status.since_progress = probe_.since_progress();
  status.members = members_.members;
  to_gateway(get.from, std::move(status));
}

void Coordinator::publish_queue_places() {
  const std::vector<JobQueue::Place> changed_places = waiting_.changed_places();
  if (changed_places.empty()) return;
  const std::string reason =
      waiting_reason(jobs_.at(waiting_.front()), replicas_, options_.max_running);
  for (const auto& [id, place] : changed_places)
    to_gateways(jobs_.at(id), Queued{id, place, reason});
}

void Coordinator::publish_load() {
  const PageUse pages = page_use(replicas_);
  probe_.kv_pages(pages.used, pages.total);
  probe_.load(waiting_.size(), num_running());
}

std::size_t Coordinator::num_running() const {
  return jobs_.size() - waiting_.size() - num_storing_ - num_ending_;
}

RunningJob* Coordinator::find(JobId id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

void Coordinator::to_gateways(const RunningJob& job, const WireMessage& message) {
  for (const PeerId gateway : job.gateways) to_gateway(gateway, message);
}

void Coordinator::to_gateway(PeerId gateway, WireMessage message) {
  if (peers_.wire.send(Outgoing{gateway, std::move(message)})) return;
  // It is away or does not read. A stream with a gap would be worse than none: the gateway
  // connects again and asks for its jobs, and the store has the answers.
  (void)peers_.disconnect.send(Disconnect{gateway, DownReason::kNoConnection});
}

}  // namespace unmask::actors
