#include "rpc/client/client.h"

#include <algorithm>
#include <utility>

#include "rpc/codec/codec.h"

namespace unmask::rpc {
namespace {

/// While a gateway that just came back is not ready, or its queue is full.
constexpr std::chrono::milliseconds kAskAgainAfter{250};
constexpr std::size_t kMaxQuestions = 1024;  // without an answer; the gateway takes no more

Error unavailable(std::string message) { return {ErrorCode::kUnavailable, std::move(message)}; }
Error too_much_waits() {
  return {ErrorCode::kOverloaded, "too much waits to be sent to the server"};
}

std::string seconds(std::chrono::milliseconds duration) {
  const auto tenths = duration.count() / 100;
  return std::to_string(tenths / 10) + (tenths % 10 != 0 ? "." + std::to_string(tenths % 10) : "") +
         " s";
}

template <typename Event, typename News>
void notify(const Event& event, const News& news) {
  if (event) event(news);
}

/// Of the messages about a job; nothing for others.
std::optional<JobId> job_of(const actors::WireMessage& message) {
  return std::visit(
      [](const auto& alternative) -> std::optional<JobId> {
        if constexpr (requires { alternative.job; }) return alternative.job;
        return std::nullopt;
      },
      message);
}

}  // namespace

Client::Client(Env env, Options options)
    : env_(env),
      options_(std::move(options)),
      links_(env, options_.link,
             {[this](PeerId peer) { connected(peer); },
              [this](PeerId /*peer*/, actors::WireMessage message) {
                return take(std::move(message));
              },
              [this](PeerId peer, DownReason reason, const std::string& why) {
                lost(peer, reason, why);
              }}) {
  give_up_after(options_.connect_timeout);
}

Client::~Client() {
  env_.timers.cancel(give_up_timer_);
  env_.timers.cancel(ask_again_timer_);
}

// ---- What a program asks for ----

Result<> Client::submit(actors::Submit submit, JobEvents events) {
  if (failure_) return *failure_;
  // What the server would not read ends the connection, not the job: better to know it here.
  const actors::WireMessage message = submit;
  const Result<actors::WireMessage> read = decode(type_of(message), encode(message));
  if (!read) return read.error();
  Job job;
  job.events = std::move(events);
  job.last_block = submit.resume_after_block;
  job.answer = StreamedAnswer(submit);
  if (submit.deadline.count() > 0) job.deadline = env_.clock.now() + submit.deadline;
  const JobId id = submit.job;
  job.submit = std::move(submit);
  return follow(id, std::move(job));
}

Result<> Client::attach(actors::Attach attach, JobEvents events) {
  if (failure_) return *failure_;
  Job job;
  job.events = std::move(events);
  job.last_block = attach.resume_after_block;
  job.attach = attach;
  return follow(attach.job, std::move(job));
}

Result<> Client::follow(JobId id, Job job) {
  if (jobs_.contains(id)) {
    return Error{ErrorCode::kInvalidArgument, "another job of this client has this job id"};
  }
  job.number = next_job_++;
  jobs_.emplace(id, std::move(job));
  if (peer_ && !ask_for(id)) {
    jobs_.erase(id);
    return too_much_waits();
  }
  return {};
}

void Client::cancel(JobId id, JobEvents events) {
  if (failure_) return notify(events.on_end, Result<actors::Finished>(*failure_));
  auto found = jobs_.find(id);
  if (found == jobs_.end()) {
    found = jobs_.emplace(id, Job{}).first;
    found->second.number = next_job_++;
    found->second.events = std::move(events);
  }
  found->second.is_cancelling = true;
  if (peer_ && !send(actors::Cancel{id})) ask_again_soon(id);
}

void Client::list(OnAnswer<actors::JobList> on_answer) { ask(std::move(on_answer)); }
void Client::status(OnAnswer<actors::ClusterStatus> on_answer) { ask(std::move(on_answer)); }

void Client::ask(Question question) {
  std::optional<Error> error = failure_;
  const std::uint64_t number = next_question_++;
  if (!error && (questions_.size() >= kMaxQuestions || (peer_ && !ask(number, question)))) {
    error = too_much_waits();
  }
  if (error) return std::visit([&](const auto& on_answer) { on_answer(*error); }, question);
  questions_.emplace(number, std::move(question));
}

// ---- The connection ----

void Client::connected(PeerId peer) {
  peer_ = peer;
  last_attempt_.clear();
  const bool is_first = last_loss_.empty();
  if (!is_first) {
    for (auto& [id, job] : jobs_) {
      job.resume_until = env_.clock.now() + options_.reconnect_timeout;
    }
  }
  // Another connection has to prove that something comes through it, if something is to come.
  if (is_first || (jobs_.empty() && questions_.empty())) end_outage();
  ask_for_everything();
}

void Client::lost(PeerId peer, DownReason reason, const std::string& why) {
  if (failure_) return;
  // Before the greeting it is about the versions: the next attempt would end alike.
  if (peer_ != peer && reason == DownReason::kProtocol) return fail(unavailable(why));
  peer_.reset();
  last_loss_ = why;
  if (give_up_timer_ == 0) give_up_after(options_.reconnect_timeout);
}

void Client::give_up_after(std::chrono::milliseconds timeout) {
  give_up_timer_ = env_.timers.after(timeout, [this, timeout] {
    give_up_timer_ = 0;
    const std::string tried = seconds(timeout);
    std::string sentence = last_attempt_.empty()
                               ? "nobody answered at " + options_.endpoint + " within " + tried
                               : last_attempt_ + " (tried for " + tried + ")";
    if (!last_loss_.empty()) sentence += " after the connection was lost: " + last_loss_;
    fail(unavailable(std::move(sentence)));
  });
}

void Client::end_outage() {
  if (give_up_timer_ != 0) env_.timers.cancel(std::exchange(give_up_timer_, 0));
}

void Client::fail(const Error& error) {
  failure_ = error;
  const auto jobs = std::exchange(jobs_, {});
  const auto questions = std::exchange(questions_, {});
  for (const auto& [id, job] : jobs) notify(job.events.on_end, Result<actors::Finished>(error));
  for (const auto& [number, question] : questions) {
    std::visit([&](const auto& on_answer) { on_answer(error); }, question);
  }
}

bool Client::send(actors::WireMessage message) {
  return peer_ && links_.send({*peer_, std::move(message)});
}

void Client::ask_for_everything() {
  // First, because a link takes more than there may be.
  for (const auto& [number, question] : questions_) (void)ask(number, question);
  std::map<std::uint64_t, JobId> in_order;
  for (const auto& [id, job] : jobs_) in_order.emplace(job.number, id);
  for (const auto& [number, id] : in_order) {
    if (!ask_for(id)) ask_again_soon(id);
  }
}

bool Client::ask_for(JobId id) {
  Job& job = jobs_.at(id);
  job.was_refused = false;
  bool is_sent = true;
  if (job.submit) {
    actors::Submit submit = *job.submit;
    submit.resume_after_block = job.last_block;
    if (job.deadline) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*job.deadline - env_.clock.now());
      submit.deadline = std::max(left, std::chrono::milliseconds(1));
    }
    is_sent = send(std::move(submit));
  }
  if (job.attach) {
    actors::Attach attach = *job.attach;
    attach.resume_after_block = job.last_block;
    is_sent = send(attach);
  }
  return job.is_cancelling ? send(actors::Cancel{id}) && is_sent : is_sent;
}

bool Client::ask(std::uint64_t number, const Question& question) {
  const bool is_list = std::holds_alternative<OnAnswer<actors::JobList>>(question);
  return is_list ? send(actors::ListJobs{number}) : send(actors::GetStatus{number});
}

void Client::ask_again_soon(JobId id) {
  ask_again_.insert(id);
  if (ask_again_timer_ != 0) return;
  ask_again_timer_ = env_.timers.after(kAskAgainAfter, [this] {
    ask_again_timer_ = 0;
    for (const JobId job : std::exchange(ask_again_, {})) {
      if (peer_ && jobs_.contains(job) && !ask_for(job)) ask_again_soon(job);
    }
  });
}

// ---- Messages of the gateway ----

bool Client::take(actors::WireMessage message) {
  if (failure_) return true;
  end_outage();
  if (auto* list = std::get_if<actors::JobList>(&message)) {
    take_answer(std::move(*list));
  } else if (auto* status = std::get_if<actors::ClusterStatus>(&message)) {
    take_answer(std::move(*status));
  } else if (const std::optional<JobId> id = job_of(message)) {
    take_job_news(*id, message);
  }
  return true;
}

template <typename Answer>
void Client::take_answer(Answer answer) {
  const auto found = questions_.find(answer.request);
  if (found == questions_.end()) return;
  const auto* on_answer = std::get_if<OnAnswer<Answer>>(&found->second);
  if (on_answer == nullptr) return;
  const OnAnswer<Answer> told = *on_answer;
  questions_.erase(found);
  if (answer.error) return told(*answer.error);
  told(std::move(answer));
}

void Client::take_job_news(JobId id, actors::WireMessage& message) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  Job& job = found->second;
  if (const auto* accepted = std::get_if<actors::Accepted>(&message)) {
    if (!std::exchange(job.is_accepted, true)) notify(job.events.on_accepted, *accepted);
  } else if (const auto* queued = std::get_if<actors::Queued>(&message)) {
    notify(job.events.on_queued, *queued);
  } else if (const auto* frame = std::get_if<actors::Frame>(&message)) {
    notify(job.events.on_frame, *frame);
  } else if (const auto* block = std::get_if<actors::Committed>(&message)) {
    if (block->block <= job.last_block) return;
    job.last_block = block->block;
    job.answer.add(*block);
    notify(job.events.on_block, *block);
  } else if (auto* finished = std::get_if<actors::Finished>(&message)) {
    if (answers_only_a_cancel(job, *finished)) return ask_again_soon(id);
    job.answer.complete(*finished);
    end_job(id, std::move(*finished));
  } else if (const auto* rejected = std::get_if<actors::Rejected>(&message)) {
    if (!will_pass(job, rejected->error)) return end_job(id, rejected->error);
    job.was_refused = true;
    ask_again_soon(id);
  }
}

/// A Cancel may find a job where its Submit was refused or has not arrived: then its answer has no
/// text and comes before the blocks. Both come with the answer to the Submit.
bool Client::answers_only_a_cancel(const Job& job, const actors::Finished& end) {
  if (!job.submit || !job.is_cancelling) return false;
  const bool lacks_blocks =
      job.submit->subscription.blocks && end.figures.blocks > job.last_block + 1;
  return job.was_refused || lacks_blocks;
}

void Client::end_job(JobId id, const Result<actors::Finished>& end) {
  const auto job = jobs_.extract(id);
  notify(job.mapped().events.on_end, end);
}

/// A gateway that just came back may not be ready: a job that it was asked to go on with is asked
/// for again until the time is over.
bool Client::will_pass(const Job& job, const Error& error) const {
  return (error.code == ErrorCode::kOverloaded || error.code == ErrorCode::kUnavailable) &&
         env_.clock.now() < job.resume_until;
}

}  // namespace unmask::rpc
