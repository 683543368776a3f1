/// Parameters that mean the same to several strategies.

#pragma once

#include "model/diffusion/param.h"

namespace unmask::diffusion {

inline constexpr Param kThresholdParam{
    "threshold", "confidence from which a token is taken; lower is faster, and worse", {0, 1}};

inline constexpr Param kLowThresholdParam{
    "low_threshold", "confidence above which the surest of a run of holes is taken", {0, 1}};

}  // namespace unmask::diffusion
