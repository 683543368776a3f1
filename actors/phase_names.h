#pragma once

#include <string_view>

#include "model/step.h"

namespace unmask::actors {

/// As metrics have them, by Phase.
inline constexpr std::string_view kPhaseNames[] = {"prefill", "refresh", "denoise", "commit"};

}  // namespace unmask::actors
