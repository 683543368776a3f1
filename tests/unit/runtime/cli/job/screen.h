#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cli/text/characters.h"

namespace unmask::cli {

/// What a person sees of what is written to a terminal: enough of one for CanvasView.
class Screen {
 public:
  Screen(int width, int height) : width_(width), height_(height) {}

  void write(std::string_view text) {
    while (!text.empty()) {
      if (text.starts_with("\x1b[")) {
        obey(text);
      } else if (text[0] == '\r') {
        column_ = 0;
        text.remove_prefix(1);
      } else {
        put(take_character(text));
      }
    }
  }

  /// Wraps anew what stands there, as terminals do.
  void resize(int width, int height) {
    std::vector<Line> wrapped;
    int cursor = 0;
    for (int i = 0; i < int(lines_.size()); ++i) {
      wrapped.emplace_back();
      for (std::size_t at = 0; at < lines_[std::size_t(i)].size();) {
        const Line& line = lines_[std::size_t(i)];
        const bool is_wide = at + 1 < line.size() && line[at + 1].empty();
        if (int(wrapped.back().size()) + (is_wide ? 2 : 1) > width) wrapped.emplace_back();
        wrapped.back().push_back(line[at++]);
        if (is_wide) wrapped.back().push_back(line[at++]);
      }
      if (i == row_) {  // the cursor is at its end
        column_ = int(wrapped.back().size());
        cursor = int(wrapped.size()) - 1;
      }
    }
    row_ = cursor;
    lines_ = std::move(wrapped);
    width_ = width;
    height_ = height;
  }

  /// Every line that was ever on the screen, scrolled off or not.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> texts;
    for (const Line& line : lines_) {
      texts.emplace_back();
      for (const std::string& cell : line) texts.back() += cell;
    }
    return texts;
  }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const std::string& line : lines()) text += line + "\n";
    return text;
  }

 private:
  /// A cell a column; behind a wide character is an empty one.
  using Line = std::vector<std::string>;

  void obey(std::string_view& text) {
    text.remove_prefix(2);
    int number = 0;
    while (std::isdigit(static_cast<unsigned char>(text[0])) || text[0] == ';') {
      number = text[0] == ';' ? 0 : 10 * number + (text[0] - '0');
      text.remove_prefix(1);
    }
    const int top = std::max(0, int(lines_.size()) - height_);
    if (text[0] == 'A') row_ = std::max(top, row_ - number);
    if (text[0] == 'J') lines_.resize(std::size_t(row_) + 1);
    if (text[0] == 'J' || text[0] == 'K') clear_line();
    text.remove_prefix(1);
  }

  /// From the cursor on; with the last column written it still stands on that one.
  void clear_line() {
    Line& line = lines_[std::size_t(row_)];
    line.resize(std::min(line.size(), std::size_t(std::min(column_, width_ - 1))));
  }

  void put(const Character& character) {
    if (character.bytes == "\n") return next_line();
    if (column_ + character.columns > width_) {
      column_ = 0;
      next_line();
    }
    Line& line = lines_[std::size_t(row_)];
    line.resize(std::max(line.size(), std::size_t(column_ + character.columns)), " ");
    for (int i = 0; i < character.columns; ++i) {
      line[std::size_t(column_ + i)] = i == 0 ? std::string(character.bytes) : "";
    }
    column_ += character.columns;
  }

  void next_line() {
    if (++row_ == int(lines_.size())) lines_.emplace_back();
  }

  int width_;
  int height_;
  std::vector<Line> lines_{1};
  int row_ = 0;
  int column_ = 0;
};

}  // namespace unmask::cli
