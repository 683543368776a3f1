#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/tokenizer/added_tokens.h"
#include "model/tokenizer/bpe.h"
#include "model/tokenizer/chat.h"
#include "model/tokenizer/chat_template.h"
#include "model/tokenizer/splitter.h"
#include "model/tokenizer/tokenizer_config.h"
#include "model/tokenizer/tokenizer_file.h"
#include "runtime/base/result.h"

namespace unmask::tokenizer {

/// Text to tokens and tokens to bytes, as the checkpoint's own tokenizer would.
///
/// Invariant  constant after open(); any thread may use it
class Tokenizer {
 public:
  /// Reads tokenizer.json, tokenizer_config.json and chat_template.jinja; the last two are
  /// optional. template_name: of the chat template to use instead of theirs, if it is not empty.
  ///
  /// Errors  kNotFound if the folder has no tokenizer.json; else kInvalidArgument naming the file
  ///         and the entry, or the template that does not fit the tokenizer
  static Result<Tokenizer> open(const std::filesystem::path& dir,
                                std::string_view template_name = {});
  /// `config_name` stands in the errors.
  static Result<Tokenizer> create(TokenizerFile file, const TokenizerConfig& config,
                                  const std::string& config_name);

  /// parse_special: whether the text of a special token makes that token (templates), or is text
  /// as any other (users). Time is linear in the length, but for a factor log(longest word).
  ///
  /// Errors  kInvalidArgument if `text` is not UTF-8
  [[nodiscard]] Result<std::vector<std::int32_t>> encode(std::string_view text,
                                                         bool parse_special) const;
  /// Special tokens count where the template wrote.
  [[nodiscard]] Result<std::vector<std::int32_t>> encode(const RenderedChat& chat) const;
  /// What the checkpoint puts around a text that is not a chat: usually a begin-of-text token, or
  /// nothing.
  [[nodiscard]] std::vector<std::int32_t> surround(std::vector<std::int32_t> tokens) const;

  /// The bytes of a token, maybe a part of a character; none for an id that is not used.
  [[nodiscard]] std::string_view bytes_of(std::int32_t token) const;
  /// A token that is no text of an answer.
  [[nodiscard]] bool is_special(std::int32_t token) const;
  /// Ids are below this.
  [[nodiscard]] std::int32_t size() const { return std::int32_t(is_special_.size()); }

  /// The tokens that tokenizer_config.json names.
  [[nodiscard]] std::optional<std::int32_t> eos_id() const { return control_.eos; }
  [[nodiscard]] std::optional<std::int32_t> mask_id() const { return control_.mask; }
  [[nodiscard]] std::optional<std::int32_t> pad_id() const { return control_.pad; }

  /// What tokenizer.json says and is not used, a sentence each.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  [[nodiscard]] const ChatTemplate& chat_template() const { return chat_template_; }

 private:
  struct ControlTokens {
    std::optional<std::int32_t> eos, mask, pad;
  };

  explicit Tokenizer(TokenizerFile file);
  [[nodiscard]] Result<std::vector<std::int32_t>> encode(std::string_view text,
                                                         std::span<const TextRange> trusted) const;

  Splitter splitter_;
  Bpe bpe_;
  std::array<AddedTokens, 2> added_tokens_;                    // those of plain text first
  std::unordered_map<std::string, std::int32_t> whole_words_;  // empty unless merges are ignored
  TokenAffixes affixes_;

  std::string bytes_;                 // of all tokens, one after the other
  std::vector<std::uint32_t> begin_;  // in bytes_, by id, with an end
  std::vector<bool> is_special_;      // by id

  ControlTokens control_;
  std::vector<std::string> warnings_;
  ChatTemplate chat_template_;
};

}  // namespace unmask::tokenizer
