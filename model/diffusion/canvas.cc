#include "model/diffusion/canvas.h"

#include <algorithm>
#include <string>

#include "runtime/base/check.h"

namespace unmask::diffusion {
namespace {

std::optional<Error> check_ranges(const Ranges& ranges, std::int32_t num_positions) {
  std::int32_t end_of_last = 0;
  for (const Range range : ranges) {
    if (range.begin < end_of_last || range.end <= range.begin || range.end > num_positions) {
      return Error{ErrorCode::kInvalidArgument,
                   "holes [" + std::to_string(range.begin) + ", " + std::to_string(range.end) +
                       ") are empty, not in ascending order, or outside the canvas of " +
                       std::to_string(num_positions) + " positions"};
    }
    end_of_last = range.end;
  }
  return std::nullopt;
}

/// The runs inside `range` where `is_in`.
template <typename Predicate>
Ranges runs(Range range, Predicate is_in) {
  Ranges found;
  for (std::int32_t position = range.begin; position < range.end; ++position) {
    if (!is_in(position)) continue;
    if (!found.empty() && found.back().end == position) {
      ++found.back().end;
    } else {
      found.push_back({position, position + 1});
    }
  }
  return found;
}

}  // namespace

Canvas Canvas::of_prompt(std::span<const std::int32_t> prompt, std::int32_t gen_length,
                         std::int32_t mask_id) {
  UNMASK_CHECK(gen_length >= 0);
  Canvas canvas;
  canvas.mask_id_ = mask_id;
  canvas.tokens_.assign(prompt.begin(), prompt.end());
  canvas.is_pinned_.assign(prompt.size(), true);
  canvas.is_hole_.assign(prompt.size(), false);
  const std::size_t size = prompt.size() + std::size_t(gen_length);
  canvas.tokens_.resize(size, mask_id);
  canvas.is_pinned_.resize(size, false);
  canvas.is_hole_.resize(size, true);
  return canvas;
}

Result<Canvas> Canvas::with_holes(std::vector<std::int32_t> tokens, const Ranges& holes,
                                  std::int32_t mask_id) {
  return restore(std::move(tokens), holes, holes, mask_id);
}

Result<Canvas> Canvas::restore(std::vector<std::int32_t> tokens, const Ranges& holes,
                               const Ranges& generated, std::int32_t mask_id) {
  const auto num_positions = std::int32_t(tokens.size());
  if (auto error = check_ranges(holes, num_positions)) return *error;
  if (auto error = check_ranges(generated, num_positions)) return *error;
  Canvas canvas;
  canvas.mask_id_ = mask_id;
  canvas.tokens_ = std::move(tokens);
  canvas.is_hole_.assign(num_positions, false);
  canvas.is_pinned_.assign(num_positions, true);
  for (const Range range : generated) {
    std::fill(canvas.is_pinned_.begin() + range.begin, canvas.is_pinned_.begin() + range.end,
              false);
  }
  for (const Range range : holes) {
    for (std::int32_t position = range.begin; position < range.end; ++position) {
      if (canvas.is_pinned_[position]) {
        return Error{ErrorCode::kInvalidArgument,
                     "position " + std::to_string(position) + " is a hole and pinned at once"};
      }
      canvas.is_hole_[position] = true;
      canvas.tokens_[position] = mask_id;
    }
  }
  return canvas;
}

std::int32_t Canvas::num_holes(Range range) const {
  return std::int32_t(
      std::count(is_hole_.begin() + range.begin, is_hole_.begin() + range.end, true));
}

std::int32_t Canvas::num_pinned() const {
  return std::int32_t(std::count(is_pinned_.begin(), is_pinned_.end(), true));
}

Ranges Canvas::holes(Range range) const {
  return runs(range, [&](std::int32_t position) { return is_hole_[position]; });
}

Ranges Canvas::generated(Range range) const {
  return runs(range, [&](std::int32_t position) { return !is_pinned_[position]; });
}

std::optional<std::int32_t> Canvas::first_hole(std::int32_t from) const {
  const auto hole = std::find(is_hole_.begin() + std::min(from, size()), is_hole_.end(), true);
  if (hole == is_hole_.end()) return std::nullopt;
  return std::int32_t(hole - is_hole_.begin());
}

std::optional<std::int32_t> Canvas::find_generated(std::int32_t token, Range range) const {
  for (std::int32_t position = range.begin; position < range.end; ++position) {
    if (tokens_[position] == token && !is_pinned_[position] && !is_hole_[position]) return position;
  }
  return std::nullopt;
}

bool Canvas::is_infilling() const {
  const auto first = std::find(is_pinned_.begin(), is_pinned_.end(), false);
  return std::find(first, is_pinned_.end(), true) != is_pinned_.end();
}

Range Canvas::tail() const {
  if (!is_infilling()) return whole();
  const auto last_given = std::find(is_pinned_.rbegin(), is_pinned_.rend(), true);
  return {std::int32_t(is_pinned_.rend() - last_given), size()};
}

void Canvas::extend(std::int32_t num_holes) {
  UNMASK_CHECK(num_holes >= 0);
  const std::size_t new_size = tokens_.size() + std::size_t(num_holes);
  tokens_.resize(new_size, mask_id_);
  is_hole_.resize(new_size, true);
  is_pinned_.resize(new_size, false);
}

bool Canvas::apply(Edit edit) {
  UNMASK_CHECK(edit.position >= 0 && edit.position < size() && !is_pinned_[edit.position]);
  const bool becomes_hole = edit.token == kHole;
  const std::int32_t token = becomes_hole ? mask_id_ : edit.token;
  if (is_hole_[edit.position] == becomes_hole && tokens_[edit.position] == token) return false;
  tokens_[edit.position] = token;
  is_hole_[edit.position] = becomes_hole;
  return true;
}

Range BlockGrid::block_at(std::int32_t position) const {
  const std::int32_t begin = origin + (position - origin) / length * length;
  return {begin, begin + std::min(length, end - begin)};
}

BlockGrid block_grid(const Canvas& canvas, std::int32_t block_length, bool is_aligned) {
  UNMASK_CHECK(block_length >= 1);
  const std::int32_t first_hole = canvas.first_hole().value_or(canvas.size());
  const std::int32_t origin = is_aligned ? first_hole / block_length * block_length : first_hole;
  return {origin, block_length, canvas.size()};
}

}  // namespace unmask::diffusion
