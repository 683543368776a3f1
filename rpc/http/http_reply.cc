#include "rpc/http/http_reply.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace unmask::rpc {

void HttpReply::answer(HttpResponse response) {
  UNMASK_CHECK(!has_begun_);
  has_begun_ = true;
  head_ = std::move(response);
  finish();
}

void HttpReply::begin(HttpResponse head) {
  UNMASK_CHECK(!has_begun_);
  has_begun_ = is_stream_ = true;
  has_events_ = head.content_type == "text/event-stream";
  unsent_ = std::move(head.body);
  head_ = std::move(head);
  if (wake_) wake_();
}

bool HttpReply::append(std::string_view piece) {
  if (is_over_) return false;
  if (unsent_.size() + piece.size() > max_unsent_bytes_) {
    cut_off();
    return false;
  }
  unsent_ += piece;
  if (wake_) wake_();
  return true;
}

void HttpReply::end() { finish(); }

void HttpReply::cut_off() {
  is_cut_off_ = true;
  finish();
}

void HttpReply::finish() {
  is_over_ = true;
  on_gone_ = nullptr;
  if (wake_) wake_();
}

std::optional<HttpResponse> HttpReply::take_head() {
  std::optional<HttpResponse> head = std::move(head_);
  head_.reset();
  return head;
}

std::string HttpReply::take(std::size_t max_bytes) {
  std::string piece = unsent_.substr(0, max_bytes);
  unsent_.erase(0, piece.size());
  return piece;
}

void HttpReply::close(bool tells_whoever_answers) {
  wake_ = nullptr;
  is_over_ = is_cut_off_ = true;
  const std::function<void()> on_gone = std::exchange(on_gone_, nullptr);
  if (on_gone && tells_whoever_answers) on_gone();
}

}  // namespace unmask::rpc
