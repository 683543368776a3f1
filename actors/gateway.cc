#include "actors/gateway.h"

#include <algorithm>
#include <utility>

#include "actors/body_digest.h"

namespace unmask {
namespace {

constexpr std::size_t kMaxStops = 16;
constexpr std::size_t kMaxStopBytes = 128;
constexpr std::size_t kMaxQuestions = 1024;           // asked by clients, not answered yet
constexpr std::size_t kMaxCancels = 1024;             // by clients that do not watch the job
constexpr std::chrono::milliseconds kTick{50};        // while something waits
constexpr std::chrono::seconds kMaxTokenizeTime{60};  // then its answer was lost

Error unreachable() {
  return {ErrorCode::kUnavailable, "the coordinator cannot be reached; try again"};
}

Error other_body() { return {ErrorCode::kInvalidArgument, "another job already has this job id"}; }

}  // namespace

Gateway::Gateway(ActorContext& context, Env env, Options options, TextService& text,
                 ActorRef<Outgoing> clients, ActorRef<Disconnect> disconnect_client,
                 ActorRef<Outgoing> coordinator)
    : Actor(context),
      env_(env),
      options_(std::move(options)),
      text_(text),
      clients_(std::move(clients)),
      disconnect_client_(std::move(disconnect_client)),
      coordinator_wire_(std::move(coordinator)),
      refusals_(env.metrics) {}

// ---- From clients ----

std::optional<Error> Gateway::refusal(const Submit& submit) const {
  if (!submit.model.empty() && submit.model != options_.model) {
    return Error{ErrorCode::kNotFound,
                 "model '" + submit.model + "' is not served here; '" + options_.model + "' is"};
  }
  if (submit.stop.size() > kMaxStops) {
    return Error{ErrorCode::kInvalidArgument,
                 "more than " + std::to_string(kMaxStops) + " stop strings"};
  }
  for (const std::string& stop : submit.stop) {
    if (stop.empty() || stop.size() > kMaxStopBytes) {
      return Error{ErrorCode::kInvalidArgument, "a stop string has 1 to " +
                                                    std::to_string(kMaxStopBytes) + " bytes, not " +
                                                    std::to_string(stop.size())};
    }
  }
  if (is_draining_) {
    return Error{ErrorCode::kUnavailable, "the cluster is shutting down and takes no new jobs"};
  }
  return coordinator_ ? std::nullopt : std::optional(unreachable());
}

std::optional<Error> Gateway::overload(PeerId client) const {
  const std::size_t unfinished = num_unfinished();
  if (unfinished >= options_.max_jobs) {
    return Error{ErrorCode::kOverloaded, "the gateway holds " + std::to_string(unfinished) +
                                             " unfinished jobs; try again later"};
  }
  const auto of_client = unfinished_of_.find(client);
  if (of_client != unfinished_of_.end() &&
      of_client->second.size() >= options_.max_jobs_per_client) {
    return Error{ErrorCode::kOverloaded, "this client has " +
                                             std::to_string(of_client->second.size()) +
                                             " unfinished jobs; wait for some to finish"};
  }
  return std::nullopt;
}

void Gateway::on(Incoming<Submit> submit) {
  const std::uint64_t digest = body_digest(submit.message);
  const JobId id = submit.message.job;
  const PeerId client = submit.from;
  if (Job* job = find(id)) {
    if (job->admit.body_digest != digest) return turn_away(client, id, other_body());
    return attach(*job, client, submit.message);
  }
  Watcher watcher{client, submit.message.watching, submit.message.resume_after_block};
  const auto known = tokenizing_.find(id);
  if (known != tokenizing_.end()) {
    if (known->second.body_digest != digest) return turn_away(client, id, other_body());
    (void)add(known->second.watchers, id, watcher);
    return;
  }
  std::optional<Error> error = refusal(submit.message);
  if (!error) error = overload(client);
  if (error) return turn_away(client, id, std::move(*error));

  Tokenizing& job = tokenizing_[id];
  job.body_digest = digest;
  job.since = env_.clock.now();
  schedule_tick();
  if (submit.message.deadline.count() > 0) {
    job.deadline = env_.clock.now() + submit.message.deadline;
  }
  (void)add(job.watchers, id, watcher);
  JobInput input = std::exchange(submit.message.input, {});
  text_.tokenize(std::move(input),
                 [self = ref<Tokenized>(), digest,
                  message = std::move(submit.message)](Result<TokenInput> tokens) mutable {
                   (void)self.send(Tokenized{std::move(message), digest, std::move(tokens)});
                 });
}

void Gateway::on(Tokenized tokenized) {
  Submit& submit = tokenized.submit;
  const auto found = tokenizing_.find(submit.job);
  // Cancelled meanwhile; perhaps the id is already that of another job.
  if (found == tokenizing_.end() || found->second.body_digest != tokenized.body_digest) return;
  Tokenizing waited = std::move(found->second);
  tokenizing_.erase(found);
  if (!tokenized.input) return turn_away(submit.job, waited.watchers, tokenized.input.error());
  if (!coordinator_) return turn_away(submit.job, waited.watchers, unreachable());
  if (waited.deadline && *waited.deadline <= env_.clock.now()) {
    return turn_away(
        submit.job, waited.watchers,
        {ErrorCode::kDeadlineExceeded, "the deadline passed before the job was accepted"});
  }
  Job job;
  // Blocks are always wanted here: a client that comes back may ask for them.
  job.admit = {submit.job,
               tokenized.body_digest,
               std::move(*tokenized.input),
               std::move(submit.parameters),
               submit.deadline,
               {true, submit.watching.frames, submit.watching.trace},
               -1};
  job.deadline = waited.deadline;
  job.watchers = std::move(waited.watchers);
  job.stream = text_.stream();
  job.stop = StopFinder(std::move(submit.stop));
  if (!to_coordinator(job.admission(env_.clock.now()))) {
    return turn_away(submit.job, job.watchers, why_unheard());
  }
  jobs_.emplace(submit.job, std::move(job));
}

void Gateway::attach(Job& job, PeerId client, const Submit& submit) {
  Watcher watcher{client, submit.watching, submit.resume_after_block};
  if (!job.finished && !add(job.watchers, submit.job, watcher)) return;
  replay(job, watcher);
  if (job.finished || !submit.watching.frames || job.admit.watching.frames) return;
  job.admit.watching.frames = true;
  send_later(job);
}

bool Gateway::add(Watchers& watchers, JobId id, Watcher& watcher) {
  std::set<JobId>& jobs = unfinished_of_[watcher.client];
  if (!jobs.contains(id) && jobs.size() >= options_.max_jobs_per_client) {
    reject(watcher.client, id,
           {ErrorCode::kOverloaded, "this client watches too many unfinished jobs"});
    return false;
  }
  if (!watchers.add(watcher)) {
    if (jobs.empty()) unfinished_of_.erase(watcher.client);
    reject(watcher.client, id, {ErrorCode::kOverloaded, "too many clients watch this job"});
    return false;
  }
  jobs.insert(id);
  return true;
}

void Gateway::let_go(const Watchers& watchers, JobId id) {
  for (const Watcher& watcher : watchers) {
    const auto jobs = unfinished_of_.find(watcher.client);
    if (jobs == unfinished_of_.end()) continue;
    jobs->second.erase(id);
    if (jobs->second.empty()) unfinished_of_.erase(jobs);
  }
}

void Gateway::replay(Job& job, const Watcher& watcher) {
  if (job.accepted) {
    Accepted accepted = *job.accepted;
    accepted.is_resend = true;
    to_client(watcher.client, accepted);
  }
  if (job.queued) to_client(watcher.client, *job.queued);
  for (const Committed& block : job.blocks) {
    if (watcher.wants(block)) to_client(watcher.client, block);
  }
  if (!job.blocks.empty()) job.watchers.has(watcher.client, job.blocks.back().block);
  if (job.finished) to_client(watcher.client, *job.finished);
}

void Gateway::on(Incoming<Cancel> cancel) {
  const JobId id = cancel.message.job;
  const auto tokenizing = tokenizing_.find(id);
  if (tokenizing != tokenizing_.end()) {
    const Watchers watchers = std::move(tokenizing->second.watchers);
    tokenizing_.erase(tokenizing);
    const Error error{ErrorCode::kCancelled, "cancelled before it was accepted"};
    if (!watchers.contain(cancel.from)) reject(cancel.from, id, error);
    (void)to_coordinator(Cancel{id});  // it may know the job from an earlier life of this gateway
    return refuse(id, watchers, error);
  }
  Job* job = find(id);
  if (job != nullptr && job->finished) return to_client(cancel.from, *job->finished);
  if (job == nullptr || !job->watchers.contain(cancel.from)) {
    if (job == nullptr && !coordinator_) return reject(cancel.from, id, unreachable());
    if (cancels_.size() >= kMaxCancels) {
      return reject(cancel.from, id, {ErrorCode::kOverloaded, "too many jobs are being cancelled"});
    }
    cancels_.emplace(id, cancel.from);
  }
  if (job == nullptr) {  // it may have come through another gateway, or an earlier life of this one
    if (to_coordinator(Cancel{id})) return;
    cancels_.erase({id, cancel.from});
    return reject(cancel.from, id, unreachable());
  }
  job->wants_cancel = true;
  if (job->waits_to_be_sent || !to_coordinator(Cancel{id})) send_later(*job);
}

void Gateway::on(Incoming<ListJobs> list) {
  ask<ListJobs>({list.from, list.message.request, false});
}

void Gateway::on(Incoming<GetStatus> get) { ask<GetStatus>({get.from, get.message.request, true}); }

template <typename Ask>
void Gateway::ask(const Question& question) {
  if (questions_.size() >= kMaxQuestions) {
    return answer(question, {ErrorCode::kOverloaded, std::to_string(questions_.size()) +
                                                         " questions wait for their answers"});
  }
  if (!to_coordinator(Ask{next_question_})) return answer(question, why_unheard());
  questions_[next_question_++] = question;
}

void Gateway::on(PeerDown down) {
  // The jobs go on: the client may come back for them.
  const auto jobs = unfinished_of_.extract(down.peer);
  if (!jobs.empty()) {
    for (const JobId id : jobs.mapped()) {
      const auto tokenizing = tokenizing_.find(id);
      if (tokenizing != tokenizing_.end()) tokenizing->second.watchers.remove(down.peer);
      if (Job* job = find(id)) job->watchers.remove(down.peer);
    }
  }
  std::erase_if(questions_, [&](const auto& entry) { return entry.second.client == down.peer; });
  std::erase_if(cancels_, [&](const auto& entry) { return entry.second == down.peer; });
}

// ---- The link to the coordinator ----

void Gateway::on(CoordinatorUp up) {
  coordinator_ = up.peer;
  unsent_.clear();
  for (auto& [id, job] : jobs_) {
    if (job.finished) continue;
    job.waits_to_be_sent = true;
    unsent_.push_back(id);
  }
  send_what_waits();
}

void Gateway::on(CoordinatorDown down) {
  if (coordinator_ != down.peer) return;
  coordinator_.reset();
  for (const auto& [number, question] : std::exchange(questions_, {})) {
    answer(question, unreachable());
  }
  std::erase_if(cancels_, [&](const auto& entry) {
    if (jobs_.contains(entry.first)) return false;  // it is cancelled once the coordinator is back
    reject(entry.second, entry.first, unreachable());
    return true;
  });
}

/// All that the coordinator has to know of a job, whatever it knew before.
bool Gateway::send_wishes(const Job& job) {
  return to_coordinator(job.admission(env_.clock.now())) &&
         (!job.wants_cancel || to_coordinator(Cancel{job.admit.job})) &&
         (!job.stop.has_stopped() || to_coordinator(StopJob{job.admit.job}));
}

void Gateway::send_later(Job& job) {
  if (!std::exchange(job.waits_to_be_sent, true)) unsent_.push_back(job.admit.job);
  send_what_waits();
}

void Gateway::send_what_waits() {
  while (coordinator_ && !unsent_.empty()) {  // without a coordinator its return starts this again
    Job* job = find(unsent_.front());
    if (job != nullptr && job->waits_to_be_sent && !job->finished) {
      if (!send_wishes(*job)) {
        return schedule_tick();
      }
      job->waits_to_be_sent = false;
    }
    unsent_.pop_front();
  }
}

void Gateway::on(GatewayTick /*tick*/) {
  has_timer_ = false;
  send_what_waits();
  for (auto entry = tokenizing_.begin(); entry != tokenizing_.end();) {
    const auto job = entry++;
    if (env_.clock.now() - job->second.since < kMaxTokenizeTime) continue;
    const auto lost = tokenizing_.extract(job);
    turn_away(lost.key(), lost.mapped().watchers,
              {ErrorCode::kUnavailable, "the tokenizer did not answer; try again"});
  }
  if (!tokenizing_.empty()) schedule_tick();
}

void Gateway::schedule_tick() {
  if (!std::exchange(has_timer_, true)) after(kTick, GatewayTick{});
}

// ---- From the coordinator ----

void Gateway::on(Incoming<Accepted> accepted) {
  Job* job = find(accepted.message.job);
  if (job == nullptr || job->accepted) return;
  job->accepted = accepted.message;
  tell(job->watchers, accepted.message);
}

void Gateway::on(Incoming<Queued> queued) {
  Job* job = find(queued.message.job);
  if (job == nullptr || job->finished) return;
  job->queued = queued.message;
  tell(job->watchers, queued.message);
}

void Gateway::on(Incoming<Committed> committed) {
  Job* job = find(committed.message.job);
  if (job == nullptr) return;
  const Committed* block = job->take(std::move(committed.message));
  if (block == nullptr) return;
  job->watchers.each_that_wants(*block, [&](PeerId client) { to_client(client, *block); });
  if (!job->stop.has_stopped()) return;
  if (job->waits_to_be_sent || !to_coordinator(StopJob{block->job})) send_later(*job);
}

void Gateway::on(Incoming<Frame> frame) {
  const Job* job = find(frame.message.job);
  if (job == nullptr) return;
  for (Frame::Change& change : frame.message.changes) {
    if (change.token >= 0) change.text = text_.piece(change.token);
  }
  for (const Watcher& watcher : job->watchers) {
    if (watcher.watching.frames) to_client(watcher.client, frame.message);
  }
}

void Gateway::on(Incoming<Traced> traced) {
  const Job* job = find(traced.message.job);
  if (job == nullptr) return;
  for (const Watcher& watcher : job->watchers) {
    if (watcher.watching.trace) to_client(watcher.client, traced.message);
  }
}

void Gateway::on(Incoming<Finished> finished) {
  Job* job = find(finished.message.job);
  if (job == nullptr) return tell_cancelled(finished.message, {});
  if (!job->finished) end(*job, std::move(finished.message));
}

void Gateway::on(Incoming<Rejected> rejected) {
  Rejected& message = rejected.message;
  const auto found = jobs_.find(message.job);
  if (found == jobs_.end()) return tell_cancelled(message, {});
  Job& job = found->second;
  if (job.finished) return;
  // Only a Cancel is answered so: it went ahead of this job, whose own answer comes behind it.
  if (message.error.code == ErrorCode::kNotFound && !job.accepted) {
    return tell_cancelled(message, job.watchers);
  }
  if (job.accepted) {  // by an earlier coordinator, which forgot it: the client was promised an end
    Finished finished;
    finished.job = message.job;
    finished.reason = FinishReason::kError;
    finished.error = std::move(message.error);
    finished.figures.blocks = std::int32_t(job.blocks.size());
    finished.figures.prompt_tokens = job.accepted->prompt_tokens;
    return end(job, std::move(finished));
  }
  refuse(message.job, job.watchers, message.error);
  tell_cancelled(message, job.watchers);
  jobs_.erase(found);
  tell_if_drained();
}

void Gateway::end(Job& job, Finished finished) {
  if (const Committed* tail = job.take(std::move(finished))) {
    job.watchers.each_that_wants(*tail, [&](PeerId client) { to_client(client, *tail); });
  }
  const JobId id = job.admit.job;
  tell(job.watchers, *job.finished);
  tell_cancelled(*job.finished, job.watchers);
  let_go(job.watchers, id);
  job.watchers.clear();
  finished_.push_back(id);
  finished_bytes_ += job.num_bytes();
  forget_old_results();
  tell_if_drained();
}

void Gateway::refuse(JobId id, const Watchers& watchers, const Error& error) {
  for (const Watcher& watcher : watchers) reject(watcher.client, id, error);
  let_go(watchers, id);
  tell_if_drained();
}

/// The job was refused by this gateway, not by the coordinator or its own clients.
void Gateway::turn_away(PeerId client, JobId id, Error error) {
  refusals_.count(error.code);
  reject(client, id, std::move(error));
}

void Gateway::turn_away(JobId id, const Watchers& watchers, const Error& error) {
  refusals_.count(error.code);
  refuse(id, watchers, error);
}

/// Tells the end to clients that cancelled the job without watching it.
template <typename End>
void Gateway::tell_cancelled(const End& end, const Watchers& told) {
  auto entry = cancels_.lower_bound({end.job, 0});
  while (entry != cancels_.end() && entry->first == end.job) {
    if (!told.contain(entry->second)) to_client(entry->second, end);
    entry = cancels_.erase(entry);
  }
}

void Gateway::on(Incoming<JobList> list) {
  const auto question = questions_.find(list.message.request);
  if (question == questions_.end()) return;
  list.message.request = question->second.request;
  to_client(question->second.client, std::move(list.message));
  questions_.erase(question);
}

void Gateway::on(Incoming<ClusterStatus> status) {
  const auto question = questions_.find(status.message.request);
  if (question == questions_.end()) return;
  status.message.request = question->second.request;
  to_client(question->second.client, std::move(status.message));
  questions_.erase(question);
}

// ---- The end ----

void Gateway::on(Drain drain) {
  drain_ = std::move(drain);
  is_draining_ = true;
  tell_if_drained();
}

void Gateway::tell_if_drained() {
  if (!drain_ || num_unfinished() > 0) return;
  (void)std::exchange(drain_, std::nullopt)->reply_to.send({});
}

std::size_t Gateway::num_unfinished() const {
  return tokenizing_.size() + jobs_.size() - finished_.size();
}

// ---- Helpers of the handlers ----

void Gateway::forget_old_results() {
  while (finished_.size() > options_.max_finished ||
         (finished_bytes_ > options_.max_finished_bytes && finished_.size() > 1)) {
    const auto oldest = jobs_.find(finished_.front());
    finished_bytes_ -= oldest->second.num_bytes();
    jobs_.erase(oldest);
    finished_.pop_front();
  }
}

Gateway::Job* Gateway::find(JobId id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

template <typename Message>
void Gateway::tell(const Watchers& watchers, const Message& message) {
  for (const Watcher& watcher : watchers) to_client(watcher.client, message);
}

void Gateway::reject(PeerId client, JobId job, Error error) {
  to_client(client, Rejected{job, std::move(error)});
}

void Gateway::answer(const Question& question, Error error) {
  if (!question.is_status) {
    return to_client(question.client, JobList{question.request, {}, std::move(error)});
  }
  ClusterStatus status;
  status.request = question.request;
  status.error = std::move(error);
  to_client(question.client, std::move(status));
}

void Gateway::to_client(PeerId client, WireMessage message) {
  if (clients_.send(Outgoing{client, std::move(message)})) return;
  // A client that does not read loses its connection, not its jobs: it comes back for them.
  (void)disconnect_client_.send(Disconnect{client, DownReason::kNoConnection});
}

bool Gateway::to_coordinator(WireMessage message) {
  return coordinator_ && coordinator_wire_.send(Outgoing{*coordinator_, std::move(message)});
}

Error Gateway::why_unheard() const {
  if (!coordinator_) return unreachable();
  return {ErrorCode::kOverloaded, "the coordinator's queue is full; try again later"};
}

}  // namespace unmask
