/// The tokens of one sequence, and which of them are still to be decided.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/diffusion/decision.h"
#include "model/step.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

/// A token array and a bitmap of holes. What is a hole is the bitmap's word, whatever token stands
/// there; a hole reads as the mask id. Positions that are given (the prompt, the fixed text of an
/// infilling) are pinned: they are read, and never change.
///
/// Invariant  a hole is not pinned
class Canvas {
 public:
  Canvas() = default;

  /// The prompt, then gen_length holes.
  static Canvas of_prompt(std::span<const std::int32_t> prompt, std::int32_t gen_length,
                          std::int32_t mask_id);

  /// `tokens` with holes in them; the tokens at the holes are ignored. What is not a hole is
  /// pinned.
  ///
  /// Errors  kInvalidArgument if the holes are not ascending, disjoint and inside the tokens
  static Result<Canvas> with_holes(std::vector<std::int32_t> tokens, const Ranges& holes,
                                   std::int32_t mask_id);

  /// A canvas in the middle of its life: `generated` are the positions that are not pinned.
  ///
  /// Errors  as with_holes; a hole that is not generated
  static Result<Canvas> restore(std::vector<std::int32_t> tokens, const Ranges& holes,
                                const Ranges& generated, std::int32_t mask_id);

  [[nodiscard]] std::int32_t size() const { return std::int32_t(tokens_.size()); }
  [[nodiscard]] std::int32_t mask_id() const { return mask_id_; }
  [[nodiscard]] const std::vector<std::int32_t>& tokens() const { return tokens_; }
  [[nodiscard]] std::int32_t token(std::int32_t position) const { return tokens_[position]; }
  [[nodiscard]] bool is_hole(std::int32_t position) const { return is_hole_[position]; }
  [[nodiscard]] bool is_pinned(std::int32_t position) const { return is_pinned_[position]; }

  [[nodiscard]] std::int32_t num_holes(Range range) const;
  [[nodiscard]] std::int32_t num_pinned() const;
  /// The runs of holes inside `range`.
  [[nodiscard]] Ranges holes(Range range) const;
  /// The runs of positions that are not pinned; those inside `range`.
  [[nodiscard]] Ranges generated() const { return generated(whole()); }
  [[nodiscard]] Ranges generated(Range range) const;
  [[nodiscard]] std::optional<std::int32_t> first_hole(std::int32_t from = 0) const;
  /// The first position inside `range` that is generated, decided, and holds `token`.
  [[nodiscard]] std::optional<std::int32_t> find_generated(std::int32_t token, Range range) const;
  [[nodiscard]] Range whole() const { return {0, size()}; }
  /// Whether something is given behind a position that is generated: the text has parts then, and
  /// each run of generated positions is one.
  [[nodiscard]] bool is_infilling() const;
  /// Where an EOS ends the whole text: everywhere, or, of an infilling, in a run that nothing given
  /// follows. Maybe empty.
  [[nodiscard]] Range tail() const;

  /// Adds so many holes at the end.
  void extend(std::int32_t num_holes);
  /// Returns whether anything changed. The position is not pinned.
  bool apply(Edit edit);

  bool operator==(const Canvas&) const = default;

 private:
  std::vector<std::int32_t> tokens_;
  std::vector<bool> is_hole_;
  std::vector<bool> is_pinned_;
  std::int32_t mask_id_ = 0;
};

/// Where the blocks of a canvas lie: [origin + i * length, origin + (i + 1) * length), the last one
/// cut at the canvas's end.
struct BlockGrid {
  std::int32_t origin = 0;
  std::int32_t length = 1;
  std::int32_t end = 0;

  /// The block that holds `position` >= origin.
  [[nodiscard]] Range block_at(std::int32_t position) const;

  bool operator==(const BlockGrid&) const = default;
};

/// Blocks start at the first hole (the end of the prompt); if `is_aligned`, at the multiple of
/// block_length at or before it.
BlockGrid block_grid(const Canvas& canvas, std::int32_t block_length, bool is_aligned);

}  // namespace unmask::diffusion
