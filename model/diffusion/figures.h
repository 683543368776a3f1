#pragma once

#include <cstdint>

#include "model/diffusion/answer.h"

namespace unmask::diffusion {

/// What a sequence brought and cost.
struct Figures {
  std::int32_t tokens = 0;    ///< generated, before the first EOS of their run
  std::int32_t forwards = 0;  ///< all the sequence took part in, refreshes included

  [[nodiscard]] double tokens_per_forward() const {
    return forwards == 0 ? 0.0 : double(tokens) / forwards;
  }

  bool operator==(const Figures&) const = default;
};

/// eos_id: -1 = there is none. answer_end: what stands from there on does not count.
inline Figures figures_of(const Canvas& canvas, std::int32_t eos_id, std::int32_t answer_end,
                          std::int32_t num_forwards) {
  Figures figures{.tokens = 0, .forwards = num_forwards};
  for (const Range part : answer_ranges(canvas, eos_id, answer_end)) {
    figures.tokens += part.size() - canvas.num_holes(part);
  }
  return figures;
}

}  // namespace unmask::diffusion
