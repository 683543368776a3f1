#include "model/tokenizer/template_text.h"

#include <algorithm>
#include <utility>

#include "runtime/base/plain_text.h"

namespace unmask::tokenizer {
namespace {

constexpr std::string_view kBlank = " \t\n\r";

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Reads a template tag by tag.
class Normalizer {
 public:
  explicit Normalizer(std::string_view jinja) : rest_(jinja) {
    if (rest_.ends_with('\n')) rest_.remove_suffix(1);
  }

  std::string run() && {
    while (!rest_.empty()) {
      const std::size_t open = find_tag();
      add_data(rest_.substr(0, open), open);
      rest_.remove_prefix(open);
      if (!rest_.empty()) add_tag();
    }
    return std::move(out_);
  }

 private:
  /// Where the next tag opens; the end if there is none.
  [[nodiscard]] std::size_t find_tag() const {
    for (std::size_t i = 0; i + 1 < rest_.size(); ++i) {
      const char next = rest_[i + 1];
      if (rest_[i] == '{' && (next == '{' || next == '%' || next == '#')) return i;
    }
    return rest_.size();
  }

  /// Text outside tags, before the tag that opens at `open`.
  void add_data(std::string_view data, std::size_t open) {
    const std::string_view tag = rest_.substr(open);
    bool begins_line = is_first_;
    is_first_ = false;
    if (trims_next_) {
      data.remove_prefix(std::min(data.size(), data.find_first_not_of(kBlank)));
    } else if (after_block_ && data.starts_with('\n')) {
      data.remove_prefix(1);
      begins_line = true;
    }
    if (tag.size() > 2 && tag[2] == '-') {
      data = data.substr(0, data.find_last_not_of(kBlank) + 1);
    } else if (tag.starts_with("{%") || tag.starts_with("{#")) {
      const std::size_t indent = data.find_last_not_of(" \t") + 1;
      if (indent > 0) begins_line = data[indent - 1] == '\n';
      if (begins_line) data = data.substr(0, indent);
    }
    out_ += data;
  }

  void add_tag() {
    const char kind = rest_[1];
    const std::size_t tag = out_.size();
    const std::string closing = kind == '{' ? "}}" : std::string{kind, '}'};
    rest_.remove_prefix(2);
    if (rest_.starts_with('-')) rest_.remove_prefix(1);
    if (kind != '#') out_ += {'{', kind};
    const std::size_t begin = out_.size();
    while (!rest_.empty() && !rest_.starts_with(closing) && !rest_.starts_with("-" + closing)) {
      add_code(begin, kind == '#');
    }
    if (kind == '{') split_sum(begin);
    trims_next_ = rest_.starts_with('-');
    after_block_ = kind != '{';
    rest_.remove_prefix(std::min(rest_.size(), closing.size() + (trims_next_ ? 1 : 0)));
    if (kind != '#') out_ += closing;
    for (const std::string_view marker : {"{%generation%}", "{%endgeneration%}"}) {
      if (out_.substr(tag) == marker) out_.resize(tag);
    }
  }

  /// Of a sum of texts in {{ }}, which begins at `begin`: each literal in a tag of its own.
  void split_sum(std::size_t begin) {
    const std::string sum = out_.substr(begin);
    std::string split;
    bool is_quoted = false;
    for (std::size_t i = 0; i < sum.size(); ++i) {
      const char c = sum[i];
      split += c;
      if (c == '\'') is_quoted = !is_quoted;
      if (is_quoted && c == '\\' && i + 1 < sum.size()) split += sum[++i];
      if (is_quoted || c == '\'') continue;
      // Of other operators some bind less than +.
      if (!is_word(c) && std::string_view(".+[]|").find(c) == std::string_view::npos) return;
      const bool is_border =
          c == '+' && i > 0 && i + 1 < sum.size() && (sum[i - 1] == '\'' || sum[i + 1] == '\'');
      if (is_border) split.replace(split.size() - 1, 1, "}}{{");
    }
    out_.replace(begin, sum.size(), split);
  }

  /// One character, run of white space or string inside a tag.
  void add_code(std::size_t begin, bool is_comment) {
    const char c = rest_.front();
    if (is_comment) return rest_.remove_prefix(1);
    if (kBlank.find(c) != std::string_view::npos) {
      rest_.remove_prefix(std::min(rest_.size(), rest_.find_first_not_of(kBlank)));
      const bool separates =
          out_.size() > begin && is_word(out_.back()) && !rest_.empty() && is_word(rest_.front());
      if (separates) out_ += ' ';
    } else if (c == '\'' || c == '"') {
      add_string();
    } else {
      out_ += c;
      rest_.remove_prefix(1);
    }
  }

  void add_string() {
    const char quote = rest_.front();
    std::string text;
    std::size_t i = 1;
    for (; i < rest_.size() && rest_[i] != quote; ++i) {
      const bool is_escape = rest_[i] == '\\' && i + 1 < rest_.size();
      const char c = is_escape ? rest_[++i] : rest_[i];
      if (c == '\'' || c == '\\') text += '\\';
      text += !is_escape ? c : c == 'n' ? '\n' : c == 't' ? '\t' : c;
    }
    rest_.remove_prefix(std::min(rest_.size(), i + 1));
    if (out_.ends_with('[') && rest_.starts_with(']') && std::ranges::all_of(text, is_word)) {
      out_.back() = '.';
      out_ += text;
      rest_.remove_prefix(1);
    } else {
      out_ += '\'' + text + '\'';
    }
  }

  std::string_view rest_;
  std::string out_;
  bool is_first_ = true;      // nothing was read yet
  bool trims_next_ = false;   // the tag before ended in -
  bool after_block_ = false;  // the tag before was no {{ }}
};

}  // namespace

std::string normal_form(std::string_view jinja) {
  const std::string text = plain_text(std::string(jinja));
  return Normalizer(text).run();
}

}  // namespace unmask::tokenizer
