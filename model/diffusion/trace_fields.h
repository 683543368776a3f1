#pragma once

#include <string_view>

namespace unmask::diffusion {

/// Job parameters that stand at the top of a trace; the others stand beside the names of strategy
/// and cache.
inline constexpr std::string_view kTopLevelParams[] = {
    "gen_length", "block_length", "start_block_align", "mask_id", "eos_id", "early_stop",
    "driver",     "unroll",       "expected_tpf"};

}  // namespace unmask::diffusion
