#include "actors/gateway.h"

#include <algorithm>
#include <utility>

#include "actors/body_digest.h"

namespace unmask {
namespace {

constexpr std::size_t kMaxStops = 16;
constexpr std::size_t kMaxStopBytes = 128;
constexpr std::size_t kMaxQuestions = 1024;  // asked by clients, not answered yet

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
      coordinator_wire_(std::move(coordinator)) {}

// ---- From clients ----

std::optional<Error> Gateway::refusal(PeerId client, const Submit& submit) const {
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
  if (!coordinator_) {
    return Error{ErrorCode::kUnavailable, "the coordinator cannot be reached; try again"};
  }
  std::size_t unfinished = tokenizing_.size(), of_client = 0;
  for (const auto& [id, job] : jobs_) {
    if (job.finished) continue;
    ++unfinished;
    of_client += std::size_t(std::ranges::count(job.watchers, client, &Watcher::client));
  }
  if (unfinished >= options_.max_jobs) {
    return Error{ErrorCode::kOverloaded, "the gateway holds " + std::to_string(unfinished) +
                                             " unfinished jobs; try again later"};
  }
  if (of_client >= options_.max_jobs_per_client) {
    return Error{ErrorCode::kOverloaded, "this client has " + std::to_string(of_client) +
                                             " unfinished jobs; wait for some to finish"};
  }
  return std::nullopt;
}

void Gateway::on(Incoming<Submit> submit) {
  const std::uint64_t digest = body_digest(submit.message);
  const JobId id = submit.message.job;
  if (Job* job = find(id)) {
    if (job->admit.body_digest != digest) {
      return reject(submit.from, id,
                    {ErrorCode::kInvalidArgument, "another job already has this job id"});
    }
    return attach(*job, submit.from, submit.message);
  }
  if (tokenizing_.contains(id)) {
    return reject(submit.from, id, {ErrorCode::kOverloaded, "this job is being accepted already"});
  }
  if (std::optional<Error> error = refusal(submit.from, submit.message)) {
    return reject(submit.from, id, std::move(*error));
  }
  tokenizing_[id] = submit.from;
  JobInput input = std::exchange(submit.message.input, {});
  text_.tokenize(
      std::move(input), [self = ref<Tokenized>(), client = submit.from, digest,
                         message = std::move(submit.message)](Result<TokenInput> tokens) mutable {
        (void)self.send(Tokenized{client, std::move(message), digest, std::move(tokens)});
      });
}

void Gateway::on(Tokenized tokenized) {
  Submit& submit = tokenized.submit;
  if (tokenizing_.erase(submit.job) == 0) return;  // cancelled meanwhile
  if (!tokenized.input || !coordinator_) {
    reject(tokenized.client, submit.job,
           tokenized.input
               ? Error{ErrorCode::kUnavailable, "the coordinator cannot be reached; try again"}
               : tokenized.input.error());
    return tell_if_drained();
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
  job.watchers = {{tokenized.client, submit.watching, submit.resume_after_block}};
  job.stream = text_.stream();
  job.stop = StopFinder(std::move(submit.stop));
  if (!to_coordinator(job.admit)) {
    return reject(tokenized.client, submit.job,
                  {ErrorCode::kOverloaded, "the coordinator's queue is full; try again later"});
  }
  jobs_.emplace(submit.job, std::move(job));
}

void Gateway::attach(Job& job, PeerId client, const Submit& submit) {
  const Watcher watcher{client, submit.watching, submit.resume_after_block};
  std::erase_if(job.watchers, [&](const Watcher& old) { return old.client == client; });
  replay(job, watcher);
  if (!job.finished) job.watchers.push_back(watcher);
}

void Gateway::replay(const Job& job, const Watcher& watcher) {
  if (job.accepted) {
    Accepted accepted = *job.accepted;
    accepted.is_resend = true;
    to_client(watcher.client, accepted);
  }
  for (const Committed& block : job.blocks) {
    if (watcher.watching.blocks && block.block > watcher.after_block) {
      to_client(watcher.client, block);
    }
  }
  if (job.finished) to_client(watcher.client, *job.finished);
}

void Gateway::on(Incoming<Cancel> cancel) {
  const JobId id = cancel.message.job;
  if (tokenizing_.erase(id) > 0) {
    reject(cancel.from, id, {ErrorCode::kCancelled, "cancelled before it was accepted"});
    return tell_if_drained();
  }
  Job* job = find(id);
  if (job == nullptr) {
    return reject(cancel.from, id, {ErrorCode::kNotFound, "no job has this id"});
  }
  if (job->finished) return to_client(cancel.from, *job->finished);
  if (std::ranges::find(job->watchers, cancel.from, &Watcher::client) == job->watchers.end()) {
    job->watchers.push_back({cancel.from, {false, false, false}, INT32_MAX});
  }
  (void)to_coordinator(Cancel{id});
}

void Gateway::on(Incoming<ListJobs> list) {
  if (questions_.size() >= kMaxQuestions || !to_coordinator(ListJobs{next_question_})) {
    return to_client(list.from, JobList{list.message.request, {}});
  }
  questions_[next_question_++] = {list.from, list.message.request};
}

void Gateway::on(Incoming<GetStatus> get) {
  if (questions_.size() >= kMaxQuestions || !to_coordinator(GetStatus{next_question_})) {
    ClusterStatus status;
    status.request = get.message.request;
    status.durability = "the coordinator cannot be reached";
    return to_client(get.from, std::move(status));
  }
  questions_[next_question_++] = {get.from, get.message.request};
}

void Gateway::on(PeerDown down) {
  // The jobs go on: the client may come back for them.
  for (auto& [id, job] : jobs_) {
    std::erase_if(job.watchers, [&](const Watcher& w) { return w.client == down.peer; });
  }
  std::erase_if(questions_, [&](const auto& entry) { return entry.second.client == down.peer; });
}

// ---- The link to the coordinator ----

void Gateway::on(CoordinatorUp up) {
  coordinator_ = up.peer;
  for (auto& [id, job] : jobs_) {
    if (job.finished) continue;
    job.admit.resume_after_block = job.blocks.empty() ? -1 : job.blocks.back().block;
    (void)to_coordinator(job.admit);
  }
}

void Gateway::on(CoordinatorDown down) {
  if (coordinator_ == down.peer) coordinator_.reset();
  questions_.clear();
}

// ---- From the coordinator ----

void Gateway::on(Incoming<Accepted> accepted) {
  Job* job = find(accepted.message.job);
  if (job == nullptr || job->accepted) return;
  job->accepted = accepted.message;
  tell_watchers(*job, accepted.message);
}

void Gateway::on(Incoming<Queued> queued) {
  if (const Job* job = find(queued.message.job)) tell_watchers(*job, queued.message);
}

void Gateway::on(Incoming<Committed> committed) {
  Committed& block = committed.message;
  Job* job = find(block.job);
  if (job == nullptr || job->finished) return;
  if (!job->blocks.empty() && block.block <= job->blocks.back().block) return;  // had it already
  const bool had_stopped = job->stop.has_stopped();
  block.text = job->stop.append(job->stream->append(block.tokens));
  job->text += block.text;
  job->blocks.push_back(block);
  for (const Watcher& watcher : job->watchers) {
    if (watcher.watching.blocks && block.block > watcher.after_block) {
      to_client(watcher.client, block);
    }
  }
  if (job->stop.has_stopped() && !had_stopped) (void)to_coordinator(StopJob{block.job});
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
  if (job == nullptr || job->finished) return;
  std::string rest = job->stop.append(job->stream->finish());
  rest += job->stop.finish();
  job->text += rest;
  // What was held back belongs to the last block, which is out already: it comes as one more.
  if (!rest.empty()) {
    const std::int32_t last = job->blocks.empty() ? -1 : job->blocks.back().block;
    Committed tail{finished.message.job, last + 1, {}, {}, std::move(rest)};
    job->blocks.push_back(tail);
    for (const Watcher& watcher : job->watchers) {
      if (watcher.watching.blocks) to_client(watcher.client, tail);
    }
  }
  finished.message.text = job->text;
  job->finished = std::move(finished.message);
  tell_watchers(*job, *job->finished);
  job->watchers.clear();
  finished_.push_back(job->finished->job);
  forget_old_results();
  tell_if_drained();
}

void Gateway::on(Incoming<Rejected> rejected) {
  const auto found = jobs_.find(rejected.message.job);
  if (found == jobs_.end() || found->second.finished) return;
  tell_watchers(found->second, rejected.message);
  jobs_.erase(found);
  tell_if_drained();
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
  if (!drain_ || !tokenizing_.empty()) return;
  if (!std::ranges::all_of(jobs_, [](const auto& e) { return e.second.finished.has_value(); })) {
    return;
  }
  (void)std::exchange(drain_, std::nullopt)->reply_to.send({});
}

// ---- Helpers of the handlers ----

void Gateway::forget_old_results() {
  while (finished_.size() > options_.max_finished) {
    jobs_.erase(finished_.front());
    finished_.pop_front();
  }
}

Gateway::Job* Gateway::find(JobId id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

template <typename Message>
void Gateway::tell_watchers(const Job& job, const Message& message) {
  for (const Watcher& watcher : job.watchers) to_client(watcher.client, message);
}

void Gateway::reject(PeerId client, JobId job, Error error) {
  to_client(client, Rejected{job, std::move(error)});
}

void Gateway::to_client(PeerId client, WireMessage message) {
  if (clients_.send(Outgoing{client, std::move(message)})) return;
  // A client that does not read loses its connection, not its jobs: it comes back for them.
  (void)disconnect_client_.send(Disconnect{client, DownReason::kNoConnection});
}

bool Gateway::to_coordinator(WireMessage message) {
  return coordinator_ && coordinator_wire_.send(Outgoing{*coordinator_, std::move(message)});
}

}  // namespace unmask
