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
    std::vector<std::string> wrapped;
    int cursor = 0;
    for (int i = 0; i < int(lines_.size()); ++i) {
      std::string_view rest = lines_[std::size_t(i)];
      int column = 0;
      wrapped.emplace_back();
      while (!rest.empty()) {
        const Character character = take_character(rest);
        if (column + character.columns > width) {
          wrapped.emplace_back();
          column = 0;
        }
        wrapped.back() += character.bytes;
        column += character.columns;
      }
      if (i == row_) {  // the cursor is at its end
        column_ = column;
        cursor = int(wrapped.size()) - 1;
      }
    }
    row_ = cursor;
    lines_ = std::move(wrapped);
    width_ = width;
    height_ = height;
  }

  /// Every line that was ever on the screen, scrolled off or not.
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    return text;
  }

 private:
  void obey(std::string_view& text) {
    text.remove_prefix(2);
    int number = 0;
    while (std::isdigit(static_cast<unsigned char>(text[0])) || text[0] == ';') {
      number = text[0] == ';' ? 0 : 10 * number + (text[0] - '0');
      text.remove_prefix(1);
    }
    const int top = std::max(0, int(lines_.size()) - height_);
    if (text[0] == 'A') row_ = std::max(top, row_ - number);
    if (text[0] == 'J') {
      lines_.resize(std::size_t(row_) + 1);
      if (column_ == 0) lines_.back().clear();
    }
    text.remove_prefix(1);
  }

  void put(const Character& character) {
    if (character.bytes == "\n") return next_line();
    if (column_ + character.columns > width_) {
      column_ = 0;
      next_line();
    }
    lines_[std::size_t(row_)] += character.bytes;
    column_ += character.columns;
  }

  void next_line() {
    if (++row_ == int(lines_.size())) lines_.emplace_back();
  }

  int width_;
  int height_;
  std::vector<std::string> lines_{1};
  int row_ = 0;
  int column_ = 0;
};

}  // namespace unmask::cli
