#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "rpc/http/http_message.h"

namespace unmask::rpc {

/// The answer to one request that comes later: whole, or piece by piece. Control thread only.
///
/// It may be kept for longer than the connection lives; then nothing happens any more.
class HttpReply {
 public:
  /// wake: there is something to send.
  HttpReply(std::size_t max_unsent_bytes, std::function<void()> wake)
      : max_unsent_bytes_(max_unsent_bytes), wake_(std::move(wake)) {}

  // ---- For who answers ----

  /// The whole answer; once, and instead of begin().
  void answer(HttpResponse response);
  /// The head of an answer whose pieces follow; once.
  void begin(HttpResponse head);
  [[nodiscard]] bool has_begun() const { return has_begun_; }
  /// One more piece, which goes out as it is. False: the client does not read what waits for it
  /// already, and is cut off.
  [[nodiscard]] bool append(std::string_view piece);
  /// Pieces that wait for the client to read.
  [[nodiscard]] std::size_t num_unsent_bytes() const { return unsent_.size(); }
  /// No more pieces come.
  void end();
  /// Closes the connection where it is, so that nobody takes the pieces for the whole.
  void cut_off();
  /// Called once, never within a call to this: nobody waits for the answer any more. Not called
  /// after the end.
  void set_on_gone(std::function<void()> on_gone) { on_gone_ = std::move(on_gone); }

  // ---- For the connection ----

  [[nodiscard]] bool has_news() const { return head_ || !unsent_.empty() || is_over_; }
  [[nodiscard]] std::optional<HttpResponse> take_head();
  [[nodiscard]] bool is_stream() const { return is_stream_; }
  /// Of events, between which there may be comments.
  [[nodiscard]] bool has_events() const { return has_events_; }
  /// At most `max_bytes` of what waits.
  [[nodiscard]] std::string take(std::size_t max_bytes);
  /// Everything that comes was taken, or is to be dropped.
  [[nodiscard]] bool is_over() const { return is_over_ && (is_cut_off_ || unsent_.empty()); }
  [[nodiscard]] bool is_cut_off() const { return is_cut_off_; }
  /// The client went away, or the answer was sent.
  void close(bool tells_whoever_answers);

 private:
  void finish();

  const std::size_t max_unsent_bytes_;
  std::function<void()> wake_;
  std::function<void()> on_gone_;
  std::optional<HttpResponse> head_;
  std::string unsent_;
  bool has_begun_ = false;
  bool is_stream_ = false;
  bool has_events_ = false;
  bool is_over_ = false;
  bool is_cut_off_ = false;
};

}  // namespace unmask::rpc
