#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.h"
#include "runtime/cli/text/terminal.h"

namespace unmask::cli {

/// Draws a job's text on a terminal while it denoises: finished blocks as text, the running block
/// as cells that fill in, redrawn in place. Every call returns what to write next.
///
/// A terminal that changes its size is taken to wrap what stands on it anew, as most do.
///
/// Invariant  what is drawn again fits the terminal: of a taller block the end is shown
class CanvasView {
 public:
  explicit CanvasView(const Terminal& terminal);

  /// How large the terminal is from now on; what it shows already is drawn over by the next call.
  void resize(int width, int height);

  [[nodiscard]] std::string show(const actors::Frame& frame);
  [[nodiscard]] std::string show(const actors::Committed& block);
  /// Leaves the finished text on the screen, without the cells of a block that did not finish.
  [[nodiscard]] std::string finish();
  /// Leaves what is there as it stands: nothing more will come of a block that did not finish.
  [[nodiscard]] std::string abandon();

 private:
  struct Cell {
    std::string text;  // empty: a hole
    float confidence = 0;
  };
  /// Text as it stands on the terminal, with its escape sequences.
  struct Layout {
    std::vector<std::string> lines{1};
    std::vector<int> columns{0};  // of each line
  };

  void add_text(Layout& layout, std::string_view text, std::string_view style) const;
  [[nodiscard]] Layout layout() const;
  /// Puts the last lines where those are that may be redrawn, over what stands there: a screen that
  /// is empty for a moment flickers.
  [[nodiscard]] std::string replace(const Layout& layout, std::size_t num_lines);
  /// From the cursor to the first line that may be redrawn.
  [[nodiscard]] int rows_up() const;

  int width_ = 0;
  int height_ = 0;
  const bool has_color_;
  std::string line_;         // committed text since the last line that is out for good
  Range block_;              // of `cells_`
  std::vector<Cell> cells_;  // of the running block
  std::vector<int> drawn_{
      0};  // columns of the lines that may be redrawn; in the last is the cursor
};

}  // namespace unmask::cli
