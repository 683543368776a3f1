/// Only sources include this: Boost stays out of public headers.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "rpc/http/http_reply.h"
#include "rpc/openai/api_error.h"
#include "rpc/openai/frame_stream.h"
#include "rpc/openai/generation_answer.h"
#include "rpc/openai/generation_request.h"
#include "rpc/openai/http_clients.h"
#include "rpc/openai/logprob_rows.h"

namespace unmask::rpc {

/// One request for text, from its jobs' submission to the end of its answer.
///
/// Invariant  the head of a stream goes out once every job was accepted, or a block has come, so
///            that a refusal is a status; whoever leaves before the end takes the jobs along,
///            unless they are detached
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  struct Asker {
    std::size_t api_key = 0;
    std::string address;
  };
  /// All of it outlives every request.
  struct Server {
    const Clock& clock;
    HttpClients& clients;
    const TokenTexts& texts;
  };
  static constexpr int kClientClosed = 499;  ///< as nginx counts it; nobody is sent it
  /// Called once all jobs have ended, or were cancelled, with the status of the answer; 499 if
  /// nobody waited for it.
  using OnEnd = std::function<void(int status)>;

  Generation(GenerationRequest request, AnswerHead head, Server server,
             std::shared_ptr<HttpReply> reply, OnEnd on_end);

  /// Lives from here on as long as it has to.
  static void start(std::shared_ptr<Generation> self, const Asker& asker);

 private:
  struct Choice {
    std::optional<actors::Finished> finished;
    std::size_t num_sent_bytes = 0;  ///< of its text
    LogprobRows logprobs;
    FrameStream frames;
  };

  void take(actors::WireMessage message);
  void take(const actors::Committed& block);
  void take(actors::Frame frame);
  void take(actors::Finished finished);
  void take(const actors::Rejected& rejected);
  void begin_stream();
  void end();
  void fail(const ApiError& error);
  /// Cancels what is not finished.
  void abandon();
  void close(int status);
  /// Nobody reads any more: jobs that are detached go on.
  void leave();
  void note_end(JobId job);
  void send_text(std::size_t index, std::string_view text);
  void send_frame(std::size_t index, std::optional<boost::json::object> frame);
  void send_event(std::string_view json);
  [[nodiscard]] bool is_listened_to() const { return !is_over_ && !has_left_; }
  [[nodiscard]] std::optional<std::size_t> choice_of(JobId job) const;

  const GenerationRequest request_;
  const AnswerHead head_;
  const Server server_;
  const std::shared_ptr<HttpReply> reply_;
  OnEnd on_end_;
  PeerId client_ = 0;
  std::size_t num_accepted_ = 0;
  std::size_t num_finished_ = 0;
  std::vector<Choice> choices_;
  bool has_left_ = false;  ///< whoever asked
  bool is_over_ = false;
};

}  // namespace unmask::rpc
