#include "runtime/cli/job/canvas_view.h"

#include <algorithm>

#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

constexpr int kMinWidth = 2;  // of a wide character

constexpr std::string_view kHoleCell = "\u2591";     // light shade
constexpr std::string_view kControlCell = "\u00b7";  // middle dot
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kSure = "\x1b[1;32m";
constexpr std::string_view kGuess = "\x1b[33m";
constexpr std::string_view kReset = "\x1b[0m";
constexpr float kSureConfidence = 0.7f;

/// `<|endoftext|>` and its kind, of which the end of an answer is full.
bool is_control_token(std::string_view text) {
  return text.size() > 4 && text.starts_with("<|") && text.ends_with("|>");
}

}  // namespace

CanvasView::CanvasView(const Terminal& terminal) : has_color_(terminal.has_color) {
  resize(terminal.width, terminal.height);
}

void CanvasView::resize(int width, int height) {
  width_ = std::max(width, kMinWidth);
  height_ = std::max(height, 1);
}

std::string CanvasView::show(const actors::Frame& frame) {
  if (frame.positions != block_) {
    block_ = frame.positions;
    cells_.assign(std::size_t(std::max(block_.size(), 0)), {});
  }
  for (std::size_t i = 0; i < std::min(cells_.size(), frame.cells.size()); ++i) {
    const actors::Frame::Cell& now = frame.cells[i];
    Cell& cell = cells_[i];
    if (now.token < 0 || now.is_guess) {
      cell = {};
      continue;
    }
    const std::string text = now.text.empty() ? " " : now.text;
    const bool is_known = now.confidence != actors::Frame::kUnknown;
    // Of what was decided before nobody asks again: it stays as sure as it was.
    const float before = cell.text == text ? cell.confidence : kSureConfidence;
    cell = {text, is_known ? now.confidence : before};
  }
  const Layout drawn = layout();
  const std::size_t num_lines = std::min(drawn.lines.size(), std::size_t(height_));
  std::string out = replace(drawn, num_lines);
  drawn_.assign(drawn.columns.end() - std::ptrdiff_t(num_lines), drawn.columns.end());
  return out;
}

std::string CanvasView::show(const actors::Committed& block) {
  line_ += block.text;
  cells_.clear();
  block_ = {};
  const Layout text = layout();
  std::string out = replace(text, text.lines.size());
  // Only the last line may grow; the others are out for good, however low the terminal is.
  drawn_ = {text.columns.back()};
  line_ = text.lines.back();
  return out;
}

std::string CanvasView::finish() {
  cells_.clear();
  const Layout text = layout();
  return replace(text, text.lines.size()) + (line_.empty() ? "" : "\n");
}

std::string CanvasView::abandon() {
  const bool is_empty = line_.empty() && cells_.empty();
  cells_.clear();
  return is_empty ? "" : "\n";
}

int CanvasView::rows_up() const {
  int rows = -1;
  for (const int columns : drawn_) rows += std::max(1, (columns + width_ - 1) / width_);
  return rows;
}

void CanvasView::add_text(Layout& layout, std::string_view text, std::string_view style) const {
  const bool is_styled = has_color_ && !style.empty();
  if (is_styled) layout.lines.back() += style;
  while (!text.empty()) {
    const Character character = take_character(text);
    if (character.bytes == "\n" || layout.columns.back() + character.columns > width_) {
      layout.lines.emplace_back();
      layout.columns.push_back(0);
    }
    if (character.bytes == "\n") continue;
    layout.lines.back() += character.bytes;
    layout.columns.back() += character.columns;
  }
  if (is_styled) layout.lines.back() += kReset;
}

CanvasView::Layout CanvasView::layout() const {
  Layout layout;
  add_text(layout, line_, "");
  for (const Cell& cell : cells_) {
    if (cell.text.empty()) {
      add_text(layout, kHoleCell, kDim);
    } else if (is_control_token(cell.text)) {
      add_text(layout, kControlCell, kDim);
    } else {
      add_text(layout, cell.text, cell.confidence >= kSureConfidence ? kSure : kGuess);
    }
  }
  return layout;
}

std::string CanvasView::replace(const Layout& layout, std::size_t num_lines) {
  std::string out = "\r";
  if (const int up = rows_up(); up > 0) out += "\x1b[" + std::to_string(up) + "A";
  const std::size_t first = layout.lines.size() - num_lines;
  for (std::size_t i = first; i < layout.lines.size(); ++i) {
    const bool is_last = i + 1 == layout.lines.size();
    const std::string_view clear_rest = is_last ? "\x1b[J" : "\x1b[K";
    // Behind a full line the cursor still stands on its last column.
    const bool is_full = layout.columns[i] >= width_;
    if (i > first) out += "\r\n";
    if (is_full && is_last) out += clear_rest;
    out += layout.lines[i];
    if (!is_full) out += clear_rest;
  }
  return out;
}

}  // namespace unmask::cli
