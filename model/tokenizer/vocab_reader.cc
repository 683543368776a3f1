#include "model/tokenizer/vocab_reader.h"

#include <set>
#include <utility>

#include "model/tokenizer/byte_alphabet.h"

namespace unmask::tokenizer {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMaxTokens = 1 << 20;
constexpr std::size_t kMaxAddedTokens = 1 << 16;
constexpr std::size_t kMaxAddedTokenBytes = 256;  // what one place of a text may cost to look at

struct WordPair {
  std::string_view left, right;
};

/// Merges are stored as "a b" or as ["a", "b"].
std::optional<WordPair> pair_of(const json::value& entry) {
  if (const json::array* words = entry.if_array()) {
    if (words->size() != 2 || !(*words)[0].is_string() || !(*words)[1].is_string()) return {};
    return WordPair{(*words)[0].get_string(), (*words)[1].get_string()};
  }
  const std::string_view text = entry.is_string() ? entry.get_string() : std::string_view();
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos || text.rfind(' ') != blank) return std::nullopt;
  return WordPair{text.substr(0, blank), text.substr(blank + 1)};
}

}  // namespace

bool VocabReader::has(std::int64_t id) const {
  return id >= 0 && id < std::int64_t(is_used_.size()) && is_used_[std::size_t(id)];
}

std::optional<std::int32_t> VocabReader::id_of(std::string_view word) const {
  const json::value* id = vocab_->if_contains(word);
  if (id == nullptr) return std::nullopt;
  return static_cast<std::int32_t>(id->get_int64());
}

std::optional<std::string> VocabReader::take_id(const json::value& id) {
  const std::int64_t* number = id.if_int64();
  if (number == nullptr || *number < 0 || *number >= kMaxTokens) {
    return " has the id " + checkpoint::printable(id) + ", but must have an integer of 0.." +
           std::to_string(kMaxTokens - 1);
  }
  if (has(*number)) return " has the id of another token, " + checkpoint::printable(id);
  const auto index = static_cast<std::size_t>(*number);
  if (is_used_.size() <= index) is_used_.resize(index + 1);
  is_used_[index] = true;
  return std::nullopt;
}

Result<std::vector<VocabEntry>> VocabReader::read_words(const json::object& vocab) {
  vocab_ = &vocab;
  std::vector<VocabEntry> entries;
  for (const auto& [word, id] : vocab) {
    const std::string_view text = word;
    if (const auto error = take_id(id)) {
      return malformed(file_,
                       "the word " + checkpoint::printable(text) + " of model.vocab" + *error);
    }
    entries.push_back({static_cast<std::int32_t>(id.get_int64()),
                       bytes_of_word(text).value_or(std::string(text))});
  }
  return entries;
}

Result<Bpe> VocabReader::read_merges(const json::array& list) const {
  std::array<std::int32_t, 256> byte_ids{};
  for (std::size_t byte = 0; byte < byte_ids.size(); ++byte) {
    const auto id = id_of(byte_alphabet()[byte]);
    if (!id) {
      return malformed(file_, "model.vocab has no token for the byte " + std::to_string(byte));
    }
    byte_ids[byte] = *id;
  }
  std::vector<Bpe::Merge> merges;
  merges.reserve(list.size());
  for (const json::value& entry : list) {
    const auto merge = read_merge(merges.size(), entry);
    if (!merge) return merge.error();
    merges.push_back(*merge);
  }
  return Bpe::create(byte_ids, merges, file_);
}

Result<Bpe::Merge> VocabReader::read_merge(std::size_t index, const json::value& entry) const {
  const auto refuse = [&](const std::string& why) {
    return malformed(file_, "model.merges[" + std::to_string(index) + "] is " +
                                checkpoint::printable(entry) + ", but " + why);
  };
  const std::optional<WordPair> pair = pair_of(entry);
  if (!pair) return refuse("must be two words");
  std::array<std::int32_t, 3> ids{};
  const std::string joined = std::string(pair->left) + std::string(pair->right);
  const std::array<std::string_view, 3> words = {pair->left, pair->right, joined};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto id = id_of(words[i]);
    if (!id) return refuse("model.vocab has no word " + checkpoint::printable(words[i]));
    ids[i] = *id;
  }
  return Bpe::Merge{ids[0], ids[1], ids[2]};
}

Result<std::vector<AddedToken>> VocabReader::read_added_tokens(const json::array& list) {
  if (list.size() > kMaxAddedTokens) {
    return malformed(file_,
                     "added_tokens has more than " + std::to_string(kMaxAddedTokens) + " entries");
  }
  std::vector<AddedToken> tokens;
  std::set<std::string> texts;
  for (const json::value& entry : list) {
    const std::string where = "added_tokens[" + std::to_string(tokens.size()) + "]";
    if (!entry.is_object()) return malformed(file_, where + " is no object");
    Result<AddedToken> token = read_added_token(where, entry.get_object());
    if (!token) return token.error();
    if (!texts.insert(token->text).second) {
      return malformed(file_, where + " repeats the content " + checkpoint::printable(token->text));
    }
    tokens.push_back(std::move(*token));
  }
  return tokens;
}

Result<AddedToken> VocabReader::read_added_token(const std::string& where,
                                                 const json::object& entry) {
  AddedToken token;
  token.text = text_of(entry, "content");
  if (token.text.empty() || token.text.size() > kMaxAddedTokenBytes) {
    return malformed(file_, where + " needs a content of 1 to " +
                                std::to_string(kMaxAddedTokenBytes) + " bytes");
  }
  if (flag_of(entry, "single_word", false)) {
    return malformed(file_, where + " has single_word, which is not supported");
  }
  const json::value* id = entry.if_contains("id");
  const auto id_of_word = id_of(token.text);
  if (!id_of_word) {
    if (const auto error = take_id(id ? *id : json::value())) {
      return malformed(file_, where + *error);
    }
  } else if (id == nullptr || *id != json::value(*id_of_word)) {
    return malformed(file_, where + " has another id than the word " +
                                checkpoint::printable(token.text) + " of model.vocab");
  }
  token.id = static_cast<std::int32_t>(id->get_int64());
  token.strips_left = flag_of(entry, "lstrip", false);
  token.strips_right = flag_of(entry, "rstrip", false);
  token.is_normalized = flag_of(entry, "normalized", false);
  token.is_special = flag_of(entry, "special", false);
  token.is_reserved = token.is_special;
  return token;
}

}  // namespace unmask::tokenizer
