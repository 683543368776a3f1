#include "rpc/openai/generation.h"

#include <algorithm>
#include <utility>

#include "rpc/openai/json_page.h"

namespace unmask::rpc {
namespace {

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

/// Where a request says what the model reads.
std::string prompt_field_of(const GenerationRequest& request) {
  if (request.endpoint == Endpoint::kChat) return "messages";
  return request.endpoint == Endpoint::kText ? "prompt" : "template";
}

/// What was filled in between a prefix and a suffix.
std::string middle_of(const actors::Finished& finished) {
  return finished.fills.empty() ? "" : finished.fills.front().text;
}

}  // namespace

Generation::Generation(GenerationRequest request, AnswerHead head, Server server,
                       std::shared_ptr<HttpReply> reply, OnEnd on_end)
    : request_(std::move(request)),
      head_(std::move(head)),
      server_(server),
      reply_(std::move(reply)),
      on_end_(std::move(on_end)),
      choices_(request_.jobs.size()) {}

void Generation::start(std::shared_ptr<Generation> self, const Asker& asker) {
  self->client_ = self->server_.clients.open(
      asker.api_key, asker.address,
      [self](actors::WireMessage message) { self->take(std::move(message)); });
  self->reply_->set_on_gone([weak = std::weak_ptr(self)] {
    if (const auto left = weak.lock()) left->leave();
  });
  for (const actors::Submit& job : self->request_.jobs) {
    if (self->server_.clients.send(self->client_, job)) continue;
    return self->fail(api_error_of(
        {ErrorCode::kOverloaded, "the gateway has no room for another job; try again later"}));
  }
}

void Generation::take(actors::WireMessage message) {
  if (is_over_) return;
  if (has_left_) {
    if (const auto* refused = std::get_if<actors::Rejected>(&message)) note_end(refused->job);
    if (const auto* ended = std::get_if<actors::Finished>(&message)) note_end(ended->job);
    return;
  }
  if (auto* rejected = std::get_if<actors::Rejected>(&message)) {
    take(*rejected);
  } else if (auto* accepted = std::get_if<actors::Accepted>(&message)) {
    if (!accepted->is_resend && ++num_accepted_ == request_.jobs.size()) begin_stream();
  } else if (auto* block = std::get_if<actors::Committed>(&message)) {
    take(*block);
  } else if (auto* frame = std::get_if<actors::Frame>(&message)) {
    take(std::move(*frame));
  } else if (auto* finished = std::get_if<actors::Finished>(&message)) {
    take(std::move(*finished));
  }
}

void Generation::begin_stream() {
  if (!request_.is_streamed || reply_->has_begun()) return;
  reply_->begin(event_stream_head());
  if (request_.endpoint != Endpoint::kChat) return;
  for (std::size_t i = 0; i < request_.jobs.size(); ++i) send_event(role_chunk(head_, i));
}

void Generation::take(const actors::Committed& block) {
  const std::optional<std::size_t> index = choice_of(block.job);
  if (!index) return;
  Choice& choice = choices_[*index];
  if (request_.has_logprobs) choice.logprobs.add(block, server_.texts);
  if (!request_.is_streamed) return;
  send_frame(*index, choice.frames.flush());
  if (!block.text.empty() && !request_.is_middle) send_text(*index, block.text);
}

void Generation::take(actors::Frame frame) {
  const std::optional<std::size_t> index = choice_of(frame.job);
  if (!index || !request_.has_frames || !reply_->has_begun()) return;
  const bool is_behind = reply_->num_unsent_bytes() > kMaxUnsentFrameBytes;
  send_frame(*index,
             choices_[*index].frames.take(std::move(frame), server_.clock.now(), is_behind));
}

void Generation::take(actors::Finished finished) {
  const std::optional<std::size_t> index = choice_of(finished.job);
  if (!index || choices_[*index].finished) return;
  const std::optional<ApiError> error = error_of(finished);
  Choice& choice = choices_[*index];
  choice.finished = std::move(finished);
  if (error) return fail(*error);
  if (request_.is_middle) choice.finished->text = middle_of(*choice.finished);
  if (request_.is_streamed) {
    if (request_.is_middle) send_text(*index, choice.finished->text);
    send_frame(*index, choice.frames.flush());
    if (is_listened_to()) send_event(end_chunk(head_, *index, *choice.finished));
  }
  if (is_listened_to() && ++num_finished_ == choices_.size()) end();
}

void Generation::take(const actors::Rejected& rejected) {
  const std::optional<std::size_t> index = choice_of(rejected.job);
  if (index) choices_[*index].finished.emplace();  // nothing is left to be cancelled
  ApiError error = api_error_of(rejected.error);
  if (error.status == 404) error = {404, std::move(error.message), "model", "model_not_found"};
  if (error.param == "messages") error.param = prompt_field_of(request_);
  fail(error);
}

void Generation::end() {
  std::vector<actors::Finished> finished;
  std::vector<std::vector<LogprobRows::Row>> logprobs;
  for (Choice& choice : choices_) {
    finished.push_back(std::move(*choice.finished));
    if (request_.has_logprobs)
      logprobs.push_back(choice.logprobs.take(finished.back().text.size()));
  }
  if (request_.is_streamed) {
    begin_stream();
    if (request_.has_usage) {
      send_event(usage_chunk(head_, usage_of(finished, request_.num_per_prompt)));
    }
    if (!is_listened_to()) return;
    (void)reply_->append(kLastEvent);
    reply_->end();
  } else {
    reply_->answer(json_text_page(answer_json(head_, finished, logprobs, request_.num_per_prompt)));
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
    if (!choices_[i].finished && !job.is_detached)
      server_.clients.send_surely(client_, actors::Cancel{job.job});
  }
}

void Generation::leave() {
  if (is_over_ || std::exchange(has_left_, true)) return;
  abandon();
  // What is cancelled is not waited for.
  for (std::size_t i = 0; i < request_.jobs.size(); ++i) {
    if (!request_.jobs[i].is_detached && !choices_[i].finished) choices_[i].finished.emplace();
  }
  note_end({});
}

void Generation::note_end(JobId job) {
  if (const auto index = choice_of(job)) choices_[*index].finished.emplace();
  const bool is_all = std::ranges::all_of(
      choices_, [](const Choice& choice) { return choice.finished.has_value(); });
  if (is_all) close(kClientClosed);
}

void Generation::close(int status) {
  if (std::exchange(is_over_, true)) return;
  server_.clients.close(client_);
  if (on_end_) on_end_(status);
}

/// Rows follow the text: those whose text has begun go along with it.
void Generation::send_text(std::size_t index, std::string_view text) {
  Choice& choice = choices_[index];
  choice.num_sent_bytes += text.size();
  std::optional<std::vector<LogprobRows::Row>> rows;
  if (request_.has_logprobs) rows = choice.logprobs.take(choice.num_sent_bytes);
  send_event(text_chunk(head_, index, text, rows));
}

void Generation::send_frame(std::size_t index, std::optional<boost::json::object> frame) {
  if (frame && request_.has_frames) send_event(frame_chunk(head_, index, std::move(*frame)));
}

void Generation::send_event(std::string_view json) {
  if (!is_listened_to()) return;
  begin_stream();
  if (!reply_->append(event_of(json))) leave();  // it does not read
}

std::optional<std::size_t> Generation::choice_of(JobId job) const {
  const auto found = std::ranges::find(request_.jobs, job, &actors::Submit::job);
  if (found == request_.jobs.end()) return std::nullopt;
  return std::size_t(found - request_.jobs.begin());
}

}  // namespace unmask::rpc
