/// What can be chosen for the fields of parameters, by their types.

#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "model/diffusion/alternatives.h"
#include "model/diffusion/compat.h"
#include "model/diffusion/param.h"
#include "model/diffusion/params.h"
#include "model/diffusion/strategy_aliases.h"

namespace unmask::diffusion {

using Names = std::vector<std::string_view>;

/// An alias that adds something stands behind its strategy, a mere second name behind them all.
inline Names strategy_choices() {
  Names choices;
  for (const std::string_view name : names_of<Strategy>()) {
    choices.push_back(name);
    for (const StrategyAlias& alias : kStrategyAliases) {
      const bool adds = !alias.switches_on.empty();
      if (adds && alias.strategy == name) choices.push_back(alias.name);
    }
  }
  for (const StrategyAlias& alias : kStrategyAliases) {
    if (alias.switches_on.empty()) choices.push_back(alias.name);
  }
  return choices;
}

/// Empty for what is no choice.
Names choices_of(const auto& /*field*/) { return {}; }
inline Names choices_of(const Strategy& /*field*/) { return strategy_choices(); }
inline Names choices_of(const std::optional<CachePolicy>& /*field*/) {
  return names_of<CachePolicy>();
}
inline Names choices_of(OnlyChoice field) { return {field.name}; }
inline Names choices_of(const Remasking& /*field*/) { return names_of<Remasking>(); }
inline Names choices_of(const Compat& /*field*/) {
  Names drivers;
  for (const Preset& preset : kPresets) drivers.push_back(preset.driver);
  return drivers;
}

}  // namespace unmask::diffusion
