#include "rpc/openai/job_watch.h"

#include <boost/json.hpp>
#include <utility>

#include "rpc/client/job_id.h"
#include "rpc/openai/api_error.h"
#include "rpc/openai/generation_answer.h"
#include "rpc/openai/json_text.h"

namespace unmask::rpc {

namespace json = boost::json;

JobWatch::JobWatch(JobId job, const Clock& clock, HttpClients& clients,
                   std::shared_ptr<HttpReply> reply)
    : job_(job), clock_(clock), clients_(clients), reply_(std::move(reply)) {}

void JobWatch::start(std::shared_ptr<JobWatch> self, std::size_t api_key,
                     const std::string& address) {
  self->client_ = self->clients_.open(
      api_key, address, [self](actors::WireMessage message) { self->take(std::move(message)); });
  self->reply_->set_on_gone([weak = std::weak_ptr(self)] {
    if (const auto left = weak.lock()) left->close();
  });
  const actors::Attach attach{self->job_, {.blocks = true, .frames = true}, -1};
  if (self->clients_.send(self->client_, attach)) return;
  self->reply_->answer(to_response(
      api_error_of({ErrorCode::kOverloaded, "the gateway's queue is full; try again later"})));
  self->close();
}

void JobWatch::take(actors::WireMessage message) {
  if (is_over_) return;
  if (const auto* rejected = std::get_if<actors::Rejected>(&message)) {
    if (reply_->has_begun()) {
      (void)reply_->append(event_of(to_json(api_error_of(rejected->error))));
      reply_->end();
    } else {
      reply_->answer(to_response(api_error_of(rejected->error)));
    }
    return close();
  }
  begin();
  if (const auto* block = std::get_if<actors::Committed>(&message)) {
    take(*block);
  } else if (auto* frame = std::get_if<actors::Frame>(&message)) {
    take(std::move(*frame));
  } else if (const auto* finished = std::get_if<actors::Finished>(&message)) {
    take(*finished);
  }
}

void JobWatch::begin() {
  if (!reply_->has_begun()) reply_->begin(event_stream_head());
}

void JobWatch::take(const actors::Committed& block) {
  send_frame(frames_.flush());
  send("block", {{"block", block.block},
                 {"base", block.positions.begin},
                 {"length", block.positions.size()},
                 {"text", block.text}});
}

void JobWatch::take(actors::Frame frame) {
  const bool is_behind = reply_->num_unsent_bytes() > kMaxUnsentFrameBytes;
  send_frame(frames_.take(std::move(frame), clock_.now(), is_behind));
}

void JobWatch::take(const actors::Finished& finished) {
  send_frame(frames_.flush());
  send("end",
       {{"outcome", name_of(finished.reason)}, {"usage", usage_json(usage_of({finished}, 1))}});
  if (is_over_) return;
  (void)reply_->append(kLastEvent);
  reply_->end();
  close();
}

void JobWatch::send_frame(std::optional<json::object> frame) {
  if (frame) send("frame", std::move(*frame));
}

void JobWatch::send(std::string_view name, json::object object) {
  if (is_over_) return;
  object["object"] = "diffusion." + std::string(name);
  object["id"] = to_hex(job_);
  if (!reply_->append(event_of(json_text(object)))) close();
}

void JobWatch::close() {
  if (!std::exchange(is_over_, true)) clients_.close(client_);
}

}  // namespace unmask::rpc
