/// What may be written into the holes of a canvas, beyond what the model would.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/diffusion/canvas.h"
#include "model/diffusion/params.h"
#include "model/step.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

inline constexpr std::int32_t kEndOfRun = -1;  ///< as a token of a choice: the job's EOS

/// The positions hold one of these, as a whole.
struct ChoiceRule {
  Range positions;
  std::vector<std::int32_t> choices;  ///< positions.size() tokens each, one after the other

  [[nodiscard]] std::size_t num_choices() const {
    return choices.size() / std::size_t(positions.size());
  }
  [[nodiscard]] std::int32_t token(std::size_t choice, std::int32_t position) const {
    return choices[choice * std::size_t(positions.size()) +
                   std::size_t(position - positions.begin)];
  }

  bool operator==(const ChoiceRule&) const = default;
};

struct HoleRules {
  std::vector<std::int32_t> never_chosen;  ///< ascending; in no hole, but where a rule says so
  std::vector<ChoiceRule> choices;         ///< ascending, disjoint

  [[nodiscard]] bool empty() const { return never_chosen.empty() && choices.empty(); }
  bool operator==(const HoleRules&) const = default;
};

/// Why a canvas cannot be filled by these rules, or not under these parameters (kInvalidArgument);
/// nothing if it can.
std::optional<Error> rules_error(const HoleRules& rules, const Canvas& canvas,
                                 const DiffusionParams& params);

/// The rules with a token for kEndOfRun.
HoleRules with_eos(HoleRules rules, std::int32_t eos_id);

/// The choices, by index, that agree with what is decided of the positions; all of them if none
/// does (an EOS before a rule's positions fills them as the rest of their run).
std::vector<std::size_t> choices_left(const ChoiceRule& rule, const Canvas& canvas);

}  // namespace unmask::diffusion
