#pragma once

#include <algorithm>
#include <string_view>

#include "model/diffusion/alternatives.h"
#include "model/diffusion/strategies/strategy.h"

namespace unmask::diffusion {

/// A name under which a reference or a paper knows a strategy with something around it.
struct StrategyAlias {
  std::string_view name;
  std::string_view strategy;
  std::string_view switches_on;  ///< a boolean parameter, if any
};

inline constexpr StrategyAlias kStrategyAliases[] = {
    {"credit", "threshold", "credit"},
    {"fastdllm_fixed", "fixed", ""},
    {"llada_fixed", "fixed", ""},
};

static_assert(std::ranges::all_of(kStrategyAliases, [](const StrategyAlias& alias) {
  return alternative_named<Strategy>(alias.strategy).has_value() &&
         !alternative_named<Strategy>(alias.name).has_value();
}));

}  // namespace unmask::diffusion
