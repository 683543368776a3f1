#pragma once

#include <cstdint>

#include "model/diffusion/canvas.h"

namespace unmask::diffusion {

/// What a sequence brought and cost.
struct Figures {
  std::int32_t tokens = 0;    ///< generated before the first EOS; pinned ones do not count
  std::int32_t forwards = 0;  ///< all the sequence took part in, refreshes included

  [[nodiscard]] double tokens_per_forward() const {
    return forwards == 0 ? 0.0 : double(tokens) / forwards;
  }

  bool operator==(const Figures&) const = default;
};

/// eos_id: -1 = there is none. answer_end: what stands from there on does not count.
inline Figures figures_of(const Canvas& canvas, std::int32_t eos_id, std::int32_t answer_end,
                          std::int32_t num_forwards) {
  const std::int32_t end = canvas.find_generated(eos_id, {0, answer_end}).value_or(answer_end);
  Figures figures{.tokens = 0, .forwards = num_forwards};
  for (std::int32_t position = 0; position < end; ++position) {
    figures.tokens += !canvas.is_pinned(position) && !canvas.is_hole(position);
  }
  return figures;
}

}  // namespace unmask::diffusion
