#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace unmask::tokenizer {

/// What a tokenizer_config.json says, as far as it is needed.
struct TokenizerConfig {
  std::optional<std::string> bos_token;
  std::optional<std::string> eos_token;
  std::optional<std::string> mask_token;
  std::optional<std::string> pad_token;
  std::optional<std::string> chat_template;  ///< Jinja
};

/// The tokenizer_config.json in `text`.
///
/// Errors  kInvalidArgument naming `file` and the key
Result<TokenizerConfig> parse_tokenizer_config(std::string_view text, const std::string& file);

}  // namespace unmask::tokenizer
