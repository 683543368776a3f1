#include "rpc/openai/logprob_rows.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <utility>

#include "runtime/base/utf8.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

json::value logprob_json(float logprob) {
  return logprob == actors::kNoLogprob ? json::value(nullptr) : json::value(double(logprob));
}

}  // namespace

void LogprobRows::add(const actors::Committed& block, const TokenTexts& texts) {
  for (std::size_t i = 0; i < block.tokens.size() && i < block.logprobs.size(); ++i) {
    Row row{texts(block.tokens[i]), block.logprobs[i], num_chars_, num_bytes_};
    decode(row.token.bytes);
    rows_.push_back(std::move(row));
  }
}

/// Counts as the decoder of the text does: what is no character becomes U+FFFD.
void LogprobRows::decode(std::string_view bytes) {
  constexpr std::size_t kReplacementBytes = 3;
  held_ += bytes;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const Utf8Part part = first_utf8_part(rest);
    if (!part.is_whole() && part.length == rest.size() && part.needed > 0) break;
    num_bytes_ += part.is_whole() ? part.length : kReplacementBytes;
    ++num_chars_;
    rest.remove_prefix(part.length);
  }
  held_.erase(0, held_.size() - rest.size());
}

std::vector<LogprobRows::Row> LogprobRows::take(std::size_t num_bytes) {
  const auto end =
      std::ranges::find_if(rows_, [&](const Row& row) { return row.begin >= num_bytes; });
  std::vector<Row> taken(std::move_iterator(rows_.begin()), std::move_iterator(end));
  rows_.erase(rows_.begin(), end);
  return taken;
}

json::value chat_logprobs(const std::vector<LogprobRows::Row>& rows) {
  json::array content;
  for (const LogprobRows::Row& row : rows) {
    json::array bytes;
    for (const char byte : row.token.bytes) bytes.push_back(int(static_cast<unsigned char>(byte)));
    content.push_back(json::object{{"token", row.token.piece},
                                   {"logprob", logprob_json(row.logprob)},
                                   {"bytes", std::move(bytes)},
                                   {"top_logprobs", json::array()}});
  }
  return json::object{{"content", std::move(content)}, {"refusal", nullptr}};
}

json::value text_logprobs(const std::vector<LogprobRows::Row>& rows) {
  json::array tokens, logprobs, offsets;
  for (const LogprobRows::Row& row : rows) {
    tokens.push_back(json::value(row.token.piece));
    logprobs.push_back(logprob_json(row.logprob));
    offsets.push_back(row.offset);
  }
  return json::object{{"tokens", std::move(tokens)},
                      {"token_logprobs", std::move(logprobs)},
                      {"top_logprobs", nullptr},
                      {"text_offset", std::move(offsets)}};
}

}  // namespace unmask::rpc
