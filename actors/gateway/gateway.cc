#include "actors/gateway/gateway.h"

#include <algorithm>
#include <utility>

#include "actors/gateway/body_digest.h"
#include "actors/gateway/submission.h"

namespace unmask::actors {
namespace {

constexpr std::chrono::milliseconds kTick{50};        // while something waits
constexpr std::chrono::seconds kMaxTokenizeTime{60};  // then its answer was lost

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
      coordinator_(std::move(coordinator)),
      finished_(options_.finished),
      rejections_(env.metrics),
      vllm_counters_(env.metrics, options_.model) {}

// ---- From clients ----

Requester Gateway::requester_of(PeerId client) const {
  return options_.requester_of ? options_.requester_of(client) : Requester{};
}

std::optional<Error> Gateway::rejection(PeerId client, const Submit& submit) const {
  if (std::optional<Error> fault = submission_error(submit, options_.model)) return fault;
  const Requester requester = requester_of(client);
  if (submit.priority > 0 && !requester.key.empty() && !requester.is_operator) {
    return Error{ErrorCode::kInvalidArgument,
                 "a priority above 0 is for keys in security.operators"};
  }
  if (is_draining_) {
    return Error{ErrorCode::kUnavailable, "the cluster is shutting down and takes no new jobs"};
  }
  if (!coordinator_.is_up()) return coordinator_.send_error();
  if (num_unfinished() >= options_.max_jobs) {
    return Error{ErrorCode::kOverloaded, "the gateway holds " + std::to_string(num_unfinished()) +
                                             " unfinished jobs; try again later"};
  }
  if (client_jobs_.count(client) >= options_.max_jobs_per_client) {
    return Error{ErrorCode::kOverloaded, "this client has " +
                                             std::to_string(client_jobs_.count(client)) +
                                             " unfinished jobs, as many as "
                                             "limits.max_jobs_per_client allows; wait for some to "
                                             "finish"};
  }
  return std::nullopt;
}

void Gateway::on(Incoming<Submit> submit) {
  const std::uint64_t digest = body_digest(submit.message);
  const JobId id = submit.message.job;
  const PeerId client = submit.from;
  const Requester requester = requester_of(client);
  if (Job* job = find(id)) {
    const bool is_same = job->admit.body_digest == digest && requester.owns(job->admit.requester);
    if (!is_same) return count_and_reject(client, id, other_body());
    const Submit& again = submit.message;
    return attach(*job, client, {id, again.subscription, again.resume_after_block});
  }
  Subscriber subscriber{client, submit.message.subscription, submit.message.resume_after_block};
  if (auto* known = find_as<Tokenizing>(id)) {
    if (known->body_digest != digest || !requester.owns(known->requester))
      return count_and_reject(client, id, other_body());
    (void)add(known->subscribers, id, subscriber);
    return;
  }
  if (std::optional<Error> error = rejection(client, submit.message)) {
    return count_and_reject(client, id, std::move(*error));
  }
  Tokenizing& job = std::get<Tokenizing>(jobs_[id]);
  job.requester = requester;
  job.body_digest = digest;
  job.since = env_.clock.now();
  schedule_tick();
  if (submit.message.deadline.count() > 0) {
    job.deadline = env_.clock.now() + submit.message.deadline;
  }
  (void)add(job.subscribers, id, subscriber);
  JobInput input = std::exchange(submit.message.input, {});
  // Its text will be written again, with the holes filled.
  if (std::holds_alternative<TemplateInput>(input)) submit.message.input = input;
  text_.tokenize(std::move(input),
                 [self = ref<Tokenized>(), digest,
                  message = std::move(submit.message)](Result<TokenInput> tokens) mutable {
                   (void)self.send(Tokenized{std::move(message), digest, std::move(tokens)});
                 });
}

void Gateway::on(Tokenized tokenized) {
  const JobId id = tokenized.submit.job;
  auto* const found = find_as<Tokenizing>(id);
  // Cancelled meanwhile; perhaps the id is already that of another job.
  if (found == nullptr || found->body_digest != tokenized.body_digest) return;
  Tokenizing waited = std::move(*found);
  jobs_.erase(id);
  if (!tokenized.input) return count_and_reject(id, waited.subscribers, tokenized.input.error());
  if (!coordinator_.is_up())
    return count_and_reject(id, waited.subscribers, coordinator_.send_error());
  if (waited.deadline && *waited.deadline <= env_.clock.now()) {
    return count_and_reject(
        id, waited.subscribers,
        {ErrorCode::kDeadlineExceeded, "the deadline passed before the job was accepted"});
  }
  auto stream = text_.stream(tokenized.submit.input, *tokenized.input);
  Job job(std::move(tokenized.submit), tokenized.body_digest, std::move(*tokenized.input),
          std::move(stream));
  job.admit.requester = std::move(waited.requester);
  job.deadline = waited.deadline;
  job.subscribers = std::move(waited.subscribers);
  if (!coordinator_.send(job.admission(env_.clock.now()))) {
    return count_and_reject(id, job.subscribers, coordinator_.send_error());
  }
  end_unless_wanted(std::get<Job>(jobs_.emplace(id, std::move(job)).first->second));
}

void Gateway::on(Incoming<Attach> attach) {
  const JobId id = attach.message.job;
  const Requester requester = requester_of(attach.from);
  Job* const job = find(id);
  if (job != nullptr && requester.owns(job->admit.requester)) {
    return this->attach(*job, attach.from, attach.message);
  }
  auto* const tokenizing = find_as<Tokenizing>(id);
  if (tokenizing != nullptr && requester.owns(tokenizing->requester)) {
    Subscriber subscriber{attach.from, attach.message.subscription,
                          attach.message.resume_after_block};
    (void)add(tokenizing->subscribers, id, subscriber);
    return;
  }
  reject(attach.from, id,
         {ErrorCode::kNotFound,
          "no job has this id here: it ended too long ago, or came through another gateway"});
}

void Gateway::attach(Job& job, PeerId client, const Attach& wanted) {
  Subscriber subscriber{client, wanted.subscription, wanted.resume_after_block};
  if (!job.finished && !add(job.subscribers, wanted.job, subscriber)) return;
  job.abandoned_at.reset();
  job.replay(subscriber, [&](WireMessage news) { to_client(client, std::move(news)); });
  if (job.finished || !wanted.subscription.frames || job.admit.subscription.frames) return;
  job.admit.subscription.frames = true;
  send_later(job);
}

bool Gateway::add(Subscribers& subscribers, JobId id, Subscriber& subscriber) {
  const PeerId client = subscriber.client;
  if (!client_jobs_.has(client, id) && client_jobs_.count(client) >= options_.max_jobs_per_client) {
    reject(client, id, {ErrorCode::kOverloaded, "this client watches too many unfinished jobs"});
    return false;
  }
  if (!subscribers.add(subscriber)) {
    reject(client, id, {ErrorCode::kOverloaded, "too many clients watch this job"});
    return false;
  }
  client_jobs_.add(client, id);
  return true;
}

void Gateway::let_go(const Subscribers& subscribers, JobId id) {
  for (const Subscriber& subscriber : subscribers) client_jobs_.remove(subscriber.client, id);
}

void Gateway::on(Incoming<Cancel> cancel) {
  const JobId id = cancel.message.job;
  const Requester requester = requester_of(cancel.from);
  const Error not_found{ErrorCode::kNotFound, "no job has this id"};
  if (auto* tokenizing = find_as<Tokenizing>(id)) {
    if (!requester.owns(tokenizing->requester)) return reject(cancel.from, id, not_found);
    const Subscribers subscribers = std::move(tokenizing->subscribers);
    jobs_.erase(id);
    const Error error{ErrorCode::kCancelled, "cancelled before it was accepted"};
    if (!subscribers.contain(cancel.from)) reject(cancel.from, id, error);
    // It may know the job from an earlier life of this gateway.
    (void)coordinator_.send(Cancel{id, requester});
    return reject(id, subscribers, error);
  }
  Job* job = find(id);
  if (job != nullptr && !requester.owns(job->admit.requester)) {
    return reject(cancel.from, id, not_found);
  }
  if (job != nullptr && job->finished) return to_client(cancel.from, *job->finished);
  if (job == nullptr || !job->subscribers.contain(cancel.from)) {
    if (job == nullptr && !coordinator_.is_up()) {
      return reject(cancel.from, id, coordinator_.send_error());
    }
    if (!pending_cancels_.add(id, cancel.from)) {
      return reject(cancel.from, id, {ErrorCode::kOverloaded, "too many jobs are being cancelled"});
    }
  }
  if (job == nullptr) {  // it may have come through another gateway, or an earlier life of this one
    if (coordinator_.send(Cancel{id, requester})) return;
    pending_cancels_.remove(id, cancel.from);
    return reject(cancel.from, id, coordinator_.send_error());
  }
  job->wants_cancel = true;
  if (job->waits_to_be_sent || !coordinator_.send(job->cancellation())) send_later(*job);
}

void Gateway::on(Incoming<ListJobs> list) {
  ask({list.from, list.message.request, false},
      ListJobs{pending_queries_.next_number(), requester_of(list.from)});
}

void Gateway::on(Incoming<GetStatus> get) {
  ask({get.from, get.message.request, true}, GetStatus{pending_queries_.next_number()});
}

template <typename Ask>
void Gateway::ask(const PendingQueries::Query& query, Ask question) {
  if (pending_queries_.is_full()) {
    return to_client(PendingQueries::rejection(
        query, {ErrorCode::kOverloaded,
                std::to_string(PendingQueries::kMaxQueries) + " queries wait for their answers"}));
  }
  if (!coordinator_.send(std::move(question))) {
    return to_client(PendingQueries::rejection(query, coordinator_.send_error()));
  }
  pending_queries_.add(query);
}

void Gateway::on(PeerDown down) {
  for (const JobId id : client_jobs_.take(down.peer)) {
    const auto job = jobs_.find(id);
    if (job == jobs_.end()) continue;
    std::visit([&](auto& state) { state.subscribers.remove(down.peer); }, job->second);
    if (Job* const left = find(id)) end_unless_wanted(*left);
  }
  pending_queries_.forget(down.peer);
  pending_cancels_.forget(down.peer);
}

/// The client may come back for the job until the end of the grace time.
void Gateway::end_unless_wanted(Job& job) {
  if (!job.subscribers.empty() || job.admit.is_detached || job.finished) return;
  job.abandoned_at = env_.clock.now();
  after(options_.client_grace, Abandoned{job.admit.job, *job.abandoned_at});
}

void Gateway::on(Abandoned abandoned) {
  Job* const job = find(abandoned.job);
  if (job == nullptr || job->finished || job->abandoned_at != abandoned.since) return;
  job->wants_cancel = true;
  send_later(*job);
}

// ---- The link to the coordinator ----

void Gateway::on(CoordinatorUp up) {
  coordinator_.up(up.peer);
  unsent_.clear();
  for (auto& [id, state] : jobs_) {
    Job* const job = std::get_if<Job>(&state);
    if (job == nullptr || job->finished) continue;
    job->waits_to_be_sent = true;
    unsent_.push_back(id);
  }
  send_what_waits();
}

void Gateway::on(CoordinatorDown down) {
  if (!coordinator_.is_to(down.peer)) return;
  coordinator_.down();
  const Error error = coordinator_.send_error();
  for (Outgoing& rejection : pending_queries_.reject_all(error)) to_client(std::move(rejection));
  for (const JobId id : pending_cancels_.jobs()) {
    if (find(id) != nullptr) continue;  // it is cancelled once the coordinator is back
    for (const PeerId client : pending_cancels_.take(id)) reject(client, id, error);
  }
}

/// All that the coordinator has to know of a job, whatever it knew before.
bool Gateway::send_pending(const Job& job) {
  return coordinator_.send(job.admission(env_.clock.now())) &&
         (!job.wants_cancel || coordinator_.send(job.cancellation())) &&
         (!job.stop.has_stopped() || coordinator_.send(StopJob{job.admit.job}));
}

void Gateway::send_later(Job& job) {
  if (!std::exchange(job.waits_to_be_sent, true)) unsent_.push_back(job.admit.job);
  send_what_waits();
}

void Gateway::send_what_waits() {
  if (!coordinator_.is_up()) return;  // its return starts this again
  while (!unsent_.empty()) {
    Job* job = find(unsent_.front());
    if (job != nullptr && job->waits_to_be_sent && !job->finished) {
      if (!send_pending(*job)) return schedule_tick();
      job->waits_to_be_sent = false;
    }
    unsent_.pop_front();
  }
}

void Gateway::on(GatewayTick /*tick*/) {
  has_timer_ = false;
  send_what_waits();
  bool is_tokenizing = false;
  for (auto entry = jobs_.begin(); entry != jobs_.end();) {
    const auto job = entry++;
    const auto* waiting = std::get_if<Tokenizing>(&job->second);
    if (waiting == nullptr) continue;
    if (env_.clock.now() - waiting->since < kMaxTokenizeTime) {
      is_tokenizing = true;
      continue;
    }
    const auto lost = jobs_.extract(job);
    count_and_reject(lost.key(), std::get<Tokenizing>(lost.mapped()).subscribers,
                     {ErrorCode::kUnavailable, "the tokenizer did not answer; try again"});
  }
  if (is_tokenizing) schedule_tick();
}

void Gateway::schedule_tick() {
  if (!std::exchange(has_timer_, true)) after(kTick, GatewayTick{});
}

// ---- Refusals ----

void Gateway::reject(JobId id, const Subscribers& subscribers, const Error& error) {
  for (const Subscriber& subscriber : subscribers) reject(subscriber.client, id, error);
  let_go(subscribers, id);
  notify_if_drained();
}

/// The job was refused by this gateway, not by the coordinator or its own clients.
void Gateway::count_and_reject(PeerId client, JobId id, Error error) {
  rejections_.count(error.code);
  reject(client, id, std::move(error));
}

void Gateway::count_and_reject(JobId id, const Subscribers& subscribers, const Error& error) {
  rejections_.count(error.code);
  reject(id, subscribers, error);
}

// ---- The end ----

void Gateway::on(Drain drain) {
  drain_ = std::move(drain);
  is_draining_ = true;
  notify_if_drained();
}

void Gateway::notify_if_drained() {
  if (!drain_ || num_unfinished() > 0) return;
  (void)std::exchange(drain_, std::nullopt)->reply_to.send({});
}

std::size_t Gateway::num_unfinished() const { return jobs_.size() - finished_.size(); }

// ---- Helpers of the handlers ----

void Gateway::reject(PeerId client, JobId job, Error error) {
  to_client(client, Rejected{job, std::move(error)});
}

void Gateway::to_client(PeerId client, WireMessage message) {
  to_client(Outgoing{client, std::move(message)});
}

void Gateway::to_client(Outgoing outgoing) {
  const PeerId client = outgoing.to;
  if (clients_.send(std::move(outgoing))) return;
  // A client that does not read loses its connection, not its jobs: it comes back for them.
  (void)disconnect_client_.send(Disconnect{client, DownReason::kNoConnection});
}

}  // namespace unmask::actors
