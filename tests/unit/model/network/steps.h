/// Steps as the diffusion loop makes them, in short.

#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "model/step.h"

namespace unmask::network {

using Tokens = std::vector<std::int32_t>;

/// The tokens of `canvas` at `positions`.
inline Tokens tokens_at(const Tokens& canvas, const Ranges& positions) {
  Tokens tokens;
  for (const Range range : positions) {
    tokens.insert(tokens.end(), canvas.begin() + range.begin, canvas.begin() + range.end);
  }
  return tokens;
}

inline SequenceStep windowed(SequenceId id, const Tokens& canvas, Window window) {
  SequenceStep sequence;
  sequence.sequence = id;
  sequence.num_positions = static_cast<std::int32_t>(canvas.size());
  sequence.inputs = tokens_at(canvas, window.computed);
  sequence.window = std::move(window);
  return sequence;
}

/// All positions are computed, and stay if `stays`.
inline SequenceStep full(SequenceId id, const Tokens& canvas, Range decoded, bool stays = false) {
  const Ranges whole = {{0, static_cast<std::int32_t>(canvas.size())}};
  return windowed(id, canvas,
                  {.computed = whole,
                   .visible = {},
                   .written = stays ? whole : Ranges{},
                   .decoded = {decoded},
                   .mixed = {}});
}

/// Only `computed` is, over the cache of the whole canvas.
inline SequenceStep cached(SequenceId id, const Tokens& canvas, Range computed, Range decoded) {
  return windowed(id, canvas,
                  {.computed = {computed},
                   .visible = {{0, static_cast<std::int32_t>(canvas.size())}},
                   .written = {},
                   .decoded = {decoded},
                   .mixed = {}});
}

/// Makes soft rows of all computed positions.
inline void mix_all(SequenceStep& sequence, float weight = 0.2f) {
  sequence.window.mixed = sequence.window.computed;
  sequence.mix_weight = weight;
  sequence.mask_token = 3;
}

inline Step step_of(std::vector<SequenceStep> sequences, std::vector<SequenceId> closed = {}) {
  Step step;
  step.sequences = std::move(sequences);
  step.closed = std::move(closed);
  return step;
}

}  // namespace unmask::network
