#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.h"

namespace unmask::cli {

/// Draws a job's text on a terminal while it denoises: finished blocks as text, the running block
/// as cells that fill in, redrawn in place. Every call returns what to write next.
class CanvasView {
 public:
  /// width: columns of the terminal. has_color: sure tokens bright, guesses dim.
  CanvasView(int width, bool has_color) : width_(width < 20 ? 20 : width), has_color_(has_color) {}

  [[nodiscard]] std::string show(const Frame& frame);
  [[nodiscard]] std::string show(const Committed& block);
  /// Leaves the finished text on the screen, without the cells of a block that did not finish.
  [[nodiscard]] std::string finish();

 private:
  struct Cell {
    std::string text;  // empty: a hole
    float confidence = 0;
  };
  /// One printed column run that must not be torn: a character or an escape sequence.
  struct Glyph {
    std::string bytes;
    int columns = 0;
    bool is_newline = false;
  };

  void add_text(std::vector<Glyph>& glyphs, std::string_view text, std::string_view style) const;
  [[nodiscard]] std::vector<Glyph> glyphs(bool with_cells) const;
  [[nodiscard]] std::string redraw(bool with_cells);

  int width_;
  bool has_color_;
  std::string line_;         // committed text since the last line that is out for good
  Range block_;              // of `cells_`
  std::vector<Cell> cells_;  // of the running block
  int num_holes_ = 0;
  int lines_up_ = 0;  // from the cursor to the first line that may be redrawn
};

}  // namespace unmask::cli
