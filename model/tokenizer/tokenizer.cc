#include "model/tokenizer/tokenizer.h"

#include <algorithm>
#include <utility>

#include "model/checkpoint/json.h"
#include "model/checkpoint/mapped_file.h"
#include "model/tokenizer/byte_alphabet.h"
#include "model/tokenizer/encoding.h"
#include "runtime/base/show_bytes.h"
#include "runtime/base/utf8.h"

namespace unmask::tokenizer {
namespace {

constexpr std::size_t kMaxTokenizerBytes = 64 << 20;
constexpr std::size_t kMaxConfigBytes = 16 << 20;
constexpr std::size_t kMaxTextBytes = 4 << 20;  // of one text to encode

Result<checkpoint::MappedFile> open_file(const std::filesystem::path& path, std::size_t max_bytes) {
  Result<checkpoint::MappedFile> file = checkpoint::MappedFile::open(path);
  if (file && file->bytes().size() > max_bytes) {
    return Error{ErrorCode::kInvalidArgument,
                 path.string() + ": larger than " + show_bytes(max_bytes)};
  }
  return file;
}

/// tokenizer_config.json and chat_template.jinja; neither has to be there.
Result<TokenizerConfig> open_config(const std::filesystem::path& dir) {
  TokenizerConfig config;
  const std::filesystem::path path = dir / "tokenizer_config.json";
  if (const auto file = open_file(path, kMaxConfigBytes)) {
    Result<TokenizerConfig> parsed = parse_tokenizer_config(file->text(), path.string());
    if (!parsed) return parsed.error();
    config = std::move(*parsed);
  } else if (file.error().code != ErrorCode::kNotFound) {
    return file.error();
  }
  if (const auto file = open_file(dir / "chat_template.jinja", kMaxConfigBytes)) {
    config.chat_template = std::string(file->text());
  } else if (file.error().code != ErrorCode::kNotFound) {
    return file.error();
  }
  return config;
}

/// The token that a tokenizer_config.json names by its text.
std::optional<std::int32_t> id_of(const std::string& text, const TokenizerFile& file) {
  const auto added = std::ranges::find(file.added_tokens, text, &AddedToken::text);
  if (added != file.added_tokens.end()) return added->id;
  const std::string bytes = bytes_of_word(text).value_or(text);
  const auto word = std::ranges::find(file.vocab, bytes, &VocabEntry::bytes);
  if (word != file.vocab.end()) return word->id;
  return std::nullopt;
}

/// Every <|...|> that a template writes.
std::vector<std::string> control_texts(std::string_view jinja) {
  std::vector<std::string> texts;
  for (std::size_t begin = jinja.find("<|"); begin != std::string_view::npos;) {
    const std::size_t end = jinja.find("|>", begin);
    if (end == std::string_view::npos) break;
    texts.emplace_back(jinja.substr(begin, end + 2 - begin));
    begin = jinja.find("<|", end + 2);
  }
  return texts;
}

/// Errors  kInvalidArgument if there is no such template, or the tokenizer lacks its tokens
Result<> choose_template(std::string_view name, const TokenizerFile& file,
                         TokenizerConfig& config) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::kInvalidArgument,
                 "model.chat_template is '" + checkpoint::printable(name) + "', " + why};
  };
  config.chat_template = jinja_of_template(name);
  if (!config.chat_template) return refuse("but known are " + template_names());
  for (const std::string& text : control_texts(*config.chat_template)) {
    if (!id_of(text, file)) return refuse("but the tokenizer has no token " + text);
  }
  const ChatTemplate chosen(*config.chat_template, config.bos_token);
  if (!chosen.unsupported_reason().empty()) return refuse("but " + chosen.unsupported_reason());
  return {};
}

/// A token that the template or the model uses is reserved, whatever tokenizer.json calls it.
bool is_control(const AddedToken& token, const TokenizerConfig& config) {
  const bool is_blank = token.text.find_first_not_of(" \t\r\n") == std::string::npos;
  return (config.chat_template && !is_blank &&
          config.chat_template->find(token.text) != std::string::npos) ||
         token.text == config.bos_token || token.text == config.eos_token ||
         token.text == config.mask_token || token.text == config.pad_token;
}

}  // namespace

Result<Tokenizer> Tokenizer::open(const std::filesystem::path& dir,
                                  std::string_view template_name) {
  const std::filesystem::path path = dir / "tokenizer.json";
  const Result<checkpoint::MappedFile> file = open_file(path, kMaxTokenizerBytes);
  if (!file) return file.error();
  Result<TokenizerFile> parsed = parse_tokenizer_file(file->text(), path.string());
  if (!parsed) return parsed.error();
  Result<TokenizerConfig> config = open_config(dir);
  if (!config) return config.error();
  if (!template_name.empty()) {
    const Result<> chosen = choose_template(template_name, *parsed, *config);
    if (!chosen) return chosen.error();
  }
  return create(std::move(*parsed), *config, (dir / "tokenizer_config.json").string());
}

Result<Tokenizer> Tokenizer::create(TokenizerFile file, const TokenizerConfig& config,
                                    const std::string& config_name) {
  ControlTokens control;
  const std::tuple<const char*, const std::optional<std::string>*, std::optional<std::int32_t>*>
      named[] = {{"eos_token", &config.eos_token, &control.eos},
                 {"mask_token", &config.mask_token, &control.mask},
                 {"pad_token", &config.pad_token, &control.pad}};
  for (const auto& [name, text, id] : named) {
    if (!*text) continue;
    *id = id_of(**text, file);
    if (*id) continue;
    return Error{ErrorCode::kInvalidArgument, config_name + ": " + name + " is " +
                                                  checkpoint::printable(**text) +
                                                  ", which tokenizer.json does not have"};
  }
  for (AddedToken& token : file.added_tokens) {
    token.is_reserved = token.is_special || is_control(token, config);
  }
  Tokenizer tokenizer(std::move(file));
  tokenizer.control_ = control;
  if (config.chat_template) {
    tokenizer.chat_template_ = ChatTemplate(*config.chat_template, config.bos_token);
  }
  return tokenizer;
}

Tokenizer::Tokenizer(TokenizerFile file)
    : splitter_(file.splitter),
      bpe_(std::move(file.bpe)),
      affixes_(std::move(file.affixes)),
      warnings_(std::move(file.warnings)) {
  // Added tokens come last: of those that are words too, their own text counts.
  std::vector<std::string_view> texts;
  const auto put = [&](std::int32_t id, std::string_view text) {
    if (texts.size() <= std::size_t(id)) texts.resize(std::size_t(id) + 1);
    texts[std::size_t(id)] = text;
  };
  for (const VocabEntry& word : file.vocab) put(word.id, word.bytes);
  for (const AddedToken& token : file.added_tokens) put(token.id, token.text);

  is_special_.resize(texts.size());
  for (const AddedToken& token : file.added_tokens) {
    is_special_[std::size_t(token.id)] = token.is_special;
  }
  begin_.reserve(texts.size() + 1);
  for (const std::string_view text : texts) {
    begin_.push_back(std::uint32_t(bytes_.size()));
    bytes_ += text;
  }
  begin_.push_back(std::uint32_t(bytes_.size()));

  if (file.ignores_merges) {
    for (VocabEntry& word : file.vocab) whole_words_.emplace(std::move(word.bytes), word.id);
  }
  std::array<std::vector<AddedToken>, 2> passes;
  for (AddedToken& token : file.added_tokens) {
    passes[token.is_normalized ? 1 : 0].push_back(std::move(token));
  }
  added_tokens_ = {AddedTokens(std::move(passes[0])), AddedTokens(std::move(passes[1]))};
}

Result<std::vector<std::int32_t>> Tokenizer::encode(std::string_view text,
                                                    bool parse_special) const {
  const TextRange all{0, text.size()};
  return encode(text, std::span(&all, parse_special ? 1 : 0));
}

Result<std::vector<std::int32_t>> Tokenizer::encode(const RenderedChat& chat) const {
  return encode(chat.text, chat.trusted);
}

Result<std::vector<std::int32_t>> Tokenizer::encode(std::string_view text,
                                                    std::span<const TextRange> trusted) const {
  if (text.size() > kMaxTextBytes) {
    return Error{ErrorCode::kInvalidArgument,
                 "the text has more than " + show_bytes(kMaxTextBytes)};
  }
  if (!is_utf8(text)) return Error{ErrorCode::kInvalidArgument, "the text is not UTF-8"};
  Encoding encoding({splitter_, bpe_, whole_words_, added_tokens_}, text, trusted);
  return encoding.run();
}

std::vector<std::int32_t> Tokenizer::surround(std::vector<std::int32_t> tokens) const {
  tokens.insert(tokens.begin(), affixes_.prefix.begin(), affixes_.prefix.end());
  tokens.insert(tokens.end(), affixes_.suffix.begin(), affixes_.suffix.end());
  return tokens;
}

std::string_view Tokenizer::bytes_of(std::int32_t token) const {
  if (token < 0 || token >= size()) return {};
  const auto i = std::size_t(token);
  return std::string_view(bytes_).substr(begin_[i], begin_[i + 1] - begin_[i]);
}

bool Tokenizer::is_special(std::int32_t token) const {
  return token >= 0 && token < size() && is_special_[std::size_t(token)];
}

}  // namespace unmask::tokenizer
