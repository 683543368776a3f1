/// A job as a request to OpenAI's API, and the events of its stream as what is measured.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actors/messages.h"
#include "runtime/cli/bench/request_record.h"

namespace unmask::cli {

/// The body of POST /v1/chat/completions: streamed, with usage. Parameters that OpenAI has stand
/// where it has them, others in `diffusion`.
///
/// Errors  kInvalidArgument: an input that is neither a prompt nor messages
[[nodiscard]] Result<std::string> chat_body_of(const actors::Submit& job);

/// What an answer that is no stream says went wrong: its error, or as much of it as a line holds.
[[nodiscard]] std::string error_of_answer(int status, std::string_view body);

/// Reads the events of one stream.
class ChatStream {
 public:
  /// data: of one event. Returns whether it has text, which is a block.
  [[nodiscard]] bool take(std::string_view data);

  /// When nothing more comes: a stream without [DONE], without a finish_reason or with an error
  /// event failed.
  [[nodiscard]] RequestEnd end() const;

 private:
  RequestEnd end_;
  bool is_done_ = false;
  bool is_finished_ = false;  ///< there was a finish_reason
};

}  // namespace unmask::cli
