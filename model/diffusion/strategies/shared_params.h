/// Parameters that mean the same to several strategies.

#pragma once

#include "model/diffusion/param.h"

namespace unmask::diffusion {

inline constexpr Param kThresholdParam{
    "threshold", "confidence from which a token is taken; lower is faster, and worse", {0, 1}};

inline constexpr Param kStepsParam{"steps",
                                   "forwards per block; every one fills an equal share of it",
                                   {1, kMaxPositions},
                                   "forwards"};

inline constexpr Param kMinimalTopkParam{
    "minimal_topk",
    "so many are taken whatever their confidence; llada2_schedule: steps <= gen_length / so many",
    {1, kMaxPositions},
    "tokens"};

inline constexpr Param kLowThresholdParam{
    "low_threshold", "confidence above which the surest of a run of holes is taken", {0, 1}};

}  // namespace unmask::diffusion
