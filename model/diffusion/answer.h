/// Which positions of a canvas are the answer.

#pragma once

#include <algorithm>
#include <cstdint>

#include "model/diffusion/canvas.h"

namespace unmask::diffusion {

inline Range overlap(Range a, Range b) {
  const std::int32_t begin = std::max(a.begin, b.begin);
  return {begin, std::max(begin, std::min(a.end, b.end))};
}

/// Of each run of generated positions what stands before its first EOS; holes among it are none of
/// the answer yet. eos_id: -1 = there is none. end: what stands from there on does not count.
inline Ranges answer_ranges(const Canvas& canvas, std::int32_t eos_id, std::int32_t end) {
  Ranges answer;
  for (const Range run : canvas.generated({0, std::min(end, canvas.size())})) {
    const Range part{run.begin, canvas.find_generated(eos_id, run).value_or(run.end)};
    if (part.size() > 0) answer.push_back(part);
  }
  return answer;
}

}  // namespace unmask::diffusion
