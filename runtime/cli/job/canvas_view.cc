#include "runtime/cli/job/canvas_view.h"

#include <algorithm>

#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

constexpr int kMinWidth = 20;
constexpr int kMinHeight = 3;

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

CanvasView::CanvasView(const Terminal& terminal)
    : width_(std::max(terminal.width, kMinWidth)),
      height_(std::max(terminal.height, kMinHeight)),
      has_color_(terminal.has_color) {}

std::string CanvasView::show(const actors::Frame& frame) {
  if (frame.positions != block_) {
    block_ = frame.positions;
    cells_.assign(std::size_t(std::max(block_.size(), 0)), {});
  }
  for (const actors::Frame::Change& change : frame.changes) {
    const std::int32_t i = change.position - block_.begin;
    if (i < 0 || i >= block_.size()) continue;
    const bool is_hole = change.token < 0;
    const std::string text = is_hole || !change.text.empty() ? change.text : " ";
    cells_[std::size_t(i)] = {is_hole ? "" : text, change.confidence};
  }
  const Layout drawn = layout();
  std::span<const std::string> lines = drawn.lines;
  lines = lines.last(std::min(lines.size(), std::size_t(height_)));
  std::string out = replace(lines);
  lines_up_ = int(lines.size()) - 1;
  return out;
}

std::string CanvasView::show(const actors::Committed& block) {
  line_ += block.text;
  cells_.clear();
  block_ = {};
  const Layout text = layout();
  std::string out = replace(text.lines);
  // Only the last line may grow; the others are out for good, however low the terminal is.
  lines_up_ = 0;
  line_ = text.lines.back();
  return out;
}

std::string CanvasView::finish() {
  cells_.clear();
  return replace(layout().lines) + (line_.empty() ? "" : "\n");
}

void CanvasView::add_text(Layout& layout, std::string_view text, std::string_view style) const {
  const bool is_styled = has_color_ && !style.empty();
  if (is_styled) layout.lines.back() += style;
  while (!text.empty()) {
    const Character character = take_character(text);
    if (character.bytes == "\n" || layout.column + character.columns > width_) {
      layout.lines.emplace_back();
      layout.column = 0;
    }
    if (character.bytes == "\n") continue;
    layout.lines.back() += character.bytes;
    layout.column += character.columns;
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

std::string CanvasView::replace(std::span<const std::string> lines) {
  std::string out = "\r";
  if (lines_up_ > 0) out += "\x1b[" + std::to_string(lines_up_) + "A";
  out += "\x1b[J";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\r\n";
    out += lines[i];
  }
  return out;
}

}  // namespace unmask::cli
