#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.h"
#include "runtime/cli/text/terminal.h"

namespace unmask::cli {

/// Draws a job's text on a terminal while it denoises: finished blocks as text, the running block
/// as cells that fill in, redrawn in place. Every call returns what to write next.
///
/// Invariant  what is drawn again fits the terminal: of a taller block the end is shown
class CanvasView {
 public:
  explicit CanvasView(const Terminal& terminal);

  [[nodiscard]] std::string show(const actors::Frame& frame);
  [[nodiscard]] std::string show(const actors::Committed& block);
  /// Leaves the finished text on the screen, without the cells of a block that did not finish.
  [[nodiscard]] std::string finish();

 private:
  struct Cell {
    std::string text;  // empty: a hole
    float confidence = 0;
  };
  /// Text as it stands on the terminal, with its escape sequences.
  struct Layout {
    std::vector<std::string> lines{1};
    int column = 0;
  };

  void add_text(Layout& layout, std::string_view text, std::string_view style) const;
  [[nodiscard]] Layout layout() const;
  /// Puts `lines` where those are that may be redrawn.
  [[nodiscard]] std::string replace(std::span<const std::string> lines);

  const int width_;
  const int height_;
  const bool has_color_;
  std::string line_;         // committed text since the last line that is out for good
  Range block_;              // of `cells_`
  std::vector<Cell> cells_;  // of the running block
  int lines_up_ = 0;         // from the cursor to the first line that may be redrawn
};

}  // namespace unmask::cli
