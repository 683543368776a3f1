#include "rpc/openai/generation.h"

#include <algorithm>
#include <utility>

namespace unmask::rpc {
namespace {

constexpr int kClientClosed = 499;  // as nginx counts it; nobody is sent it

HttpResponse json_response(std::string body) {
  HttpResponse response;
  response.content_type = "application/json";
  response.body = std::move(body) + "\n";
  return response;
}

/// Why a job that was accepted has no whole answer; nothing if it has.
std::optional<ApiError> error_of(const actors::Finished& finished) {
  if (finished.error) return api_error_of(*finished.error);
  if (finished.reason == actors::FinishReason::kCancelled) {
    return api_error_of({ErrorCode::kCancelled, "the job was cancelled"});
  }
  if (finished.reason == actors::FinishReason::kError) {
    return api_error_of({ErrorCode::kInternal, "the job failed"});
  }
  return std::nullopt;
}

}  // namespace

Generation::Generation(GenerationRequest request, AnswerHead head, HttpClients& clients,
                       std::shared_ptr<HttpReply> reply, OnEnd on_end)
    : request_(std::move(request)),
      head_(std::move(head)),
      clients_(clients),
      reply_(std::move(reply)),
      on_end_(std::move(on_end)),
      finished_(request_.jobs.size()) {}

void Generation::start(std::shared_ptr<Generation> self, const Asker& asker) {
  self->client_ =
      self->clients_.open(asker.api_key, asker.address,
                          [self](actors::WireMessage message) { self->take(std::move(message)); });
  self->reply_->set_on_gone([weak = std::weak_ptr(self)] {
    const auto left = weak.lock();
    if (!left) return;
    left->abandon();
    left->close(kClientClosed);
  });
  for (const actors::Submit& job : self->request_.jobs) {
    if (self->clients_.send(self->client_, job)) continue;
    return self->fail(api_error_of(
        {ErrorCode::kOverloaded, "the gateway has no room for another job; try again later"}));
  }
}

void Generation::take(actors::WireMessage message) {
  if (is_over_) return;
  if (auto* rejected = std::get_if<actors::Rejected>(&message)) {
    take(*rejected);
  } else if (auto* accepted = std::get_if<actors::Accepted>(&message)) {
    if (!accepted->is_resend && ++num_accepted_ == request_.jobs.size()) begin_stream();
  } else if (auto* block = std::get_if<actors::Committed>(&message)) {
    take(*block);
  } else if (auto* finished = std::get_if<actors::Finished>(&message)) {
    take(std::move(*finished));
  }
}

void Generation::begin_stream() {
  if (!request_.is_streamed || reply_->has_begun()) return;
  HttpResponse head;
  head.content_type = "text/event-stream";
  reply_->begin(std::move(head));
  if (request_.endpoint != Endpoint::kChat) return;
  for (std::size_t i = 0; i < request_.jobs.size(); ++i) send_event(role_chunk(head_, i));
}

void Generation::take(const actors::Committed& block) {
  const std::optional<std::size_t> choice = choice_of(block.job);
  if (!choice || !request_.is_streamed || block.text.empty()) return;
  send_event(text_chunk(head_, *choice, block.text));
}

void Generation::take(actors::Finished finished) {
  const std::optional<std::size_t> choice = choice_of(finished.job);
  if (!choice || finished_[*choice]) return;
  const std::optional<ApiError> error = error_of(finished);
  const std::string_view reason = finish_reason_of(finished.reason);
  finished_[*choice] = std::move(finished);
  if (error) return fail(*error);
  if (request_.is_streamed) send_event(end_chunk(head_, *choice, reason));
  if (!is_over_ && ++num_finished_ == finished_.size()) end();
}

void Generation::take(const actors::Rejected& rejected) {
  const std::optional<std::size_t> choice = choice_of(rejected.job);
  if (choice) finished_[*choice].emplace();  // nothing is left to be cancelled
  fail(api_error_of(rejected.error));
}

void Generation::end() {
  std::vector<actors::Finished> choices;
  for (auto& choice : finished_) choices.push_back(std::move(*choice));
  if (request_.is_streamed) {
    begin_stream();
    if (request_.has_usage) {
      send_event(usage_chunk(head_, usage_of(choices, request_.num_per_prompt)));
    }
    if (is_over_) return;
    (void)reply_->append(kLastEvent);
    reply_->end();
  } else {
    reply_->answer(json_response(answer_json(head_, choices, request_.num_per_prompt)));
  }
  close(200);
}

/// A stream that has begun says so in an event, and ends without the last one.
void Generation::fail(const ApiError& error) {
  abandon();
  if (reply_->has_begun()) {
    (void)reply_->append(event_of(to_json(error)));
    reply_->end();
  } else {
    reply_->answer(to_response(error));
  }
  close(error.status);
}

void Generation::abandon() {
  if (is_over_) return;
  for (std::size_t i = 0; i < request_.jobs.size(); ++i) {
    const actors::Submit& job = request_.jobs[i];
    if (!finished_[i] && !job.is_detached) clients_.send_surely(client_, actors::Cancel{job.job});
  }
}

void Generation::close(int status) {
  if (std::exchange(is_over_, true)) return;
  clients_.close(client_);
  if (on_end_) on_end_(status);
}

void Generation::send_event(std::string_view json) {
  if (is_over_) return;
  begin_stream();
  if (reply_->append(event_of(json))) return;
  abandon();  // it does not read
  close(kClientClosed);
}

std::optional<std::size_t> Generation::choice_of(JobId job) const {
  const auto found = std::ranges::find(request_.jobs, job, &actors::Submit::job);
  if (found == request_.jobs.end()) return std::nullopt;
  return std::size_t(found - request_.jobs.begin());
}

}  // namespace unmask::rpc
