#include "runtime/cli/canvas_view.h"

#include <algorithm>

namespace unmask::cli {
namespace {

constexpr std::string_view kHoleCell = "\u2591";  // light shade
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kSure = "\x1b[1;32m";
constexpr std::string_view kGuess = "\x1b[33m";
constexpr std::string_view kReset = "\x1b[0m";
constexpr float kSureConfidence = 0.7f;

/// Length of the UTF-8 character that starts with `lead`; 1 for a stray byte.
std::size_t character_length(unsigned char lead) {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  if (lead >= 0xc0) return 2;
  return 1;
}

}  // namespace

std::string CanvasView::show(const Frame& frame) {
  if (frame.positions != block_) {
    block_ = frame.positions;
    cells_.assign(std::size_t(block_.size()), {});
  }
  num_holes_ = frame.num_holes;
  for (const Frame::Change& change : frame.changes) {
    const std::int32_t i = change.position - block_.begin;
    if (i < 0 || i >= block_.size()) continue;
    const bool is_hole = change.token < 0;
    cells_[std::size_t(i)] = {is_hole               ? ""
                              : change.text.empty() ? " "
                                                    : change.text,
                              change.confidence};
  }
  return redraw(true);
}

std::string CanvasView::show(const Committed& block) {
  line_ += block.text;
  cells_.clear();
  block_ = {};
  std::string out = redraw(false);
  // What ended with a newline will not be drawn again.
  if (const auto end = line_.rfind('\n'); end != std::string::npos) {
    line_.erase(0, end + 1);
    lines_up_ = 0;
    for (const Glyph& glyph : glyphs(false)) lines_up_ += glyph.is_newline;
  }
  return out;
}

std::string CanvasView::finish() {
  cells_.clear();
  return redraw(false) + "\n";
}

void CanvasView::add_text(std::vector<Glyph>& glyphs, std::string_view text,
                          std::string_view style) const {
  if (has_color_ && !style.empty()) glyphs.push_back({std::string(style), 0, false});
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = std::min(character_length((unsigned char)text[i]), text.size() - i);
    const std::string_view character = text.substr(i, length);
    i += length;
    if (character == "\n") {
      glyphs.push_back({"", 0, true});
    } else if ((unsigned char)character[0] < 0x20 || character[0] == 0x7f) {
      glyphs.push_back({" ", 1, false});  // a model must not move the cursor
    } else {
      glyphs.push_back({std::string(character), 1, false});
    }
  }
  if (has_color_ && !style.empty()) glyphs.push_back({std::string(kReset), 0, false});
}

std::vector<CanvasView::Glyph> CanvasView::glyphs(bool with_cells) const {
  std::vector<Glyph> all;
  add_text(all, line_, "");
  if (with_cells) {
    for (const Cell& cell : cells_) {
      if (cell.text.empty()) {
        add_text(all, kHoleCell, kDim);
      } else {
        add_text(all, cell.text, cell.confidence >= kSureConfidence ? kSure : kGuess);
      }
    }
  }
  std::vector<Glyph> wrapped;
  int column = 0;
  for (Glyph& glyph : all) {
    if (glyph.columns > 0 && column + glyph.columns > width_) {
      wrapped.push_back({"", 0, true});
      column = 0;
    }
    column = glyph.is_newline ? 0 : column + glyph.columns;
    wrapped.push_back(std::move(glyph));
  }
  return wrapped;
}

std::string CanvasView::redraw(bool with_cells) {
  std::string out = "\r";
  if (lines_up_ > 0) out += "\x1b[" + std::to_string(lines_up_) + "A";
  out += "\x1b[J";
  lines_up_ = 0;
  for (const Glyph& glyph : glyphs(with_cells)) {
    out += glyph.is_newline ? "\r\n" : glyph.bytes;
    lines_up_ += glyph.is_newline;
  }
  return out;
}

}  // namespace unmask::cli
