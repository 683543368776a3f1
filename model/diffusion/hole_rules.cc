#include "model/diffusion/hole_rules.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "model/diffusion/hole_rule_limits.h"

namespace unmask::diffusion {
namespace {

Error refusal(std::string sentence) { return {ErrorCode::kInvalidArgument, std::move(sentence)}; }

std::optional<Error> error_of(const ChoiceRule& rule, const Canvas& canvas, std::int32_t from) {
  const auto [begin, end] = rule.positions;
  if (begin < from || end <= begin || end > canvas.size() ||
      canvas.num_holes(rule.positions) != rule.positions.size()) {
    return refusal("the choices for positions [" + std::to_string(begin) + ", " +
                   std::to_string(end) + ") are not for holes, or not in ascending order");
  }
  if (rule.choices.empty() || rule.choices.size() % std::size_t(rule.positions.size()) != 0) {
    return refusal("the choices for position " + std::to_string(begin) +
                   " are not of as many tokens as there are positions");
  }
  if (rule.num_choices() > kMaxChoices) {
    return refusal("there are " + std::to_string(rule.num_choices()) + " choices for position " +
                   std::to_string(begin) + ", the limit is " + std::to_string(kMaxChoices));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Error> rules_error(const HoleRules& rules, const Canvas& canvas,
                                 const DiffusionParams& params) {
  if (rules.empty()) return std::nullopt;
  if (std::ranges::adjacent_find(rules.never_chosen, std::greater_equal()) !=
          rules.never_chosen.end() ||
      (!rules.never_chosen.empty() && rules.never_chosen.front() < 0)) {
    return refusal("the tokens that are never chosen are not in ascending order");
  }
  if (rules.never_chosen.size() > kMaxNeverChosen) {
    return refusal(std::to_string(rules.never_chosen.size()) +
                   " tokens are never to be chosen, the limit is " +
                   std::to_string(kMaxNeverChosen));
  }
  std::int32_t end = 0;
  for (const ChoiceRule& rule : rules.choices) {
    if (auto error = error_of(rule, canvas, end)) return error;
    end = rule.positions.end;
  }
  if (params.credit) {
    return refusal(
        "credit is given to tokens that holes with rules (a template of JSON) may not have: only "
        "one of them can be");
  }
  if (edits_decided(params.strategy)) {
    return refusal("strategy " + std::string(name_of(params.strategy)) +
                   " changes tokens that are decided, which holes with rules (a template of JSON) "
                   "do not allow; choose another strategy");
  }
  return std::nullopt;
}

HoleRules with_eos(HoleRules rules, std::int32_t eos_id) {
  for (ChoiceRule& rule : rules.choices) std::ranges::replace(rule.choices, kEndOfRun, eos_id);
  return rules;
}

std::vector<std::size_t> choices_left(const ChoiceRule& rule, const Canvas& canvas) {
  std::vector<std::size_t> left;
  const auto fits = [&](std::size_t choice) {
    for (std::int32_t p = rule.positions.begin; p < rule.positions.end; ++p) {
      if (!canvas.is_hole(p) && canvas.token(p) != rule.token(choice, p)) return false;
    }
    return true;
  };
  for (std::size_t choice = 0; choice < rule.num_choices(); ++choice) {
    if (fits(choice)) left.push_back(choice);
  }
  if (!left.empty()) return left;
  for (std::size_t choice = 0; choice < rule.num_choices(); ++choice) left.push_back(choice);
  return left;
}

}  // namespace unmask::diffusion
