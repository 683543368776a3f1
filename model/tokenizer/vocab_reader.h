/// The tokens of a tokenizer.json. Only sources include this.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer/added_tokens.h"
#include "model/tokenizer/bpe.h"
#include "model/tokenizer/tokenizer_file.h"
#include "model/tokenizer/tokenizer_json.h"

namespace unmask::tokenizer {

/// Reads words, merges and added tokens, in this order, and sees to it that no two tokens share
/// an id. The objects it is given must outlive it.
class VocabReader {
 public:
  explicit VocabReader(const std::string& file) : file_(file) {}

  Result<std::vector<VocabEntry>> read_words(const boost::json::object& vocab);
  Result<Bpe> read_merges(const boost::json::array& merges) const;
  Result<std::vector<AddedToken>> read_added_tokens(const boost::json::array& list);

  /// Whether a token has this id.
  [[nodiscard]] bool has(std::int64_t id) const;

 private:
  [[nodiscard]] std::optional<std::int32_t> id_of(std::string_view word) const;
  /// Gives `id` to one more token, or says why it cannot have it.
  std::optional<std::string> take_id(const boost::json::value& id);
  Result<Bpe::Merge> read_merge(std::size_t index, const boost::json::value& entry) const;
  Result<AddedToken> read_added_token(const std::string& where, const boost::json::object& entry);

  const std::string& file_;
  const boost::json::object* vocab_ = nullptr;
  std::vector<bool> is_used_;  // by id
};

}  // namespace unmask::tokenizer
