/// Log-probabilities of an answer's tokens. Only sources include this: Boost stays out of public
/// headers.

#pragma once

#include <boost/json/array.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.h"
#include "rpc/openai/token_text.h"

namespace unmask::rpc {

/// One row for each token of an answer: log_softmax of the logits when the position was last
/// decided on. That is no likelihood of the text: tokens decided later were not known then.
///
/// Rows follow the text: what lies behind a stop string has none.
class LogprobRows {
 public:
  struct Row {
    TokenText token;
    float logprob = actors::kNoLogprob;
    std::size_t offset = 0;  ///< of its text, in characters, as OpenAI counts
    std::size_t begin = 0;   ///< the same in bytes
  };

  void add(const actors::Committed& block, const TokenTexts& texts);
  /// Those whose text begins within the first num_bytes of the answer, and that were not taken.
  [[nodiscard]] std::vector<Row> take(std::size_t num_bytes);

 private:
  void decode(std::string_view bytes);

  std::vector<Row> rows_;                      // not taken
  std::string held_;                           // the beginning of a character
  std::size_t num_chars_ = 0, num_bytes_ = 0;  // of the text so far
};

/// As a choice has them: of a chat, and of a text completion.
[[nodiscard]] boost::json::value chat_logprobs(const std::vector<LogprobRows::Row>& rows);
[[nodiscard]] boost::json::value text_logprobs(const std::vector<LogprobRows::Row>& rows);

}  // namespace unmask::rpc
