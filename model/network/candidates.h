#pragma once

#include <cstdint>
#include <vector>

#include "model/network/lm_head.h"
#include "model/step.h"

namespace unmask::network {

/// The columns that each sequence of `step` asked for. decoded: rows in the order of the step.
std::vector<SequenceResult> make_results(const Step& step, const DecodedRows& decoded);

/// Of all candidates, in order: equal on all ranks, or one of them is broken.
std::uint64_t digest_of(const std::vector<SequenceResult>& results);

}  // namespace unmask::network
