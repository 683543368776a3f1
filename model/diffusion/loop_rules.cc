/// Holes that may hold only some tokens: what is asked for beside the candidates, and what is
/// chosen.

#include <algorithm>
#include <cmath>
#include <span>

#include "model/diffusion/loop.h"

namespace unmask::diffusion {
namespace {

/// Of one decoded row what was listed, by ascending token.
struct ListedRow {
  std::span<const std::int32_t> tokens;
  std::span<const float> logits;

  [[nodiscard]] float logit(std::int32_t token) const {
    return logits[std::size_t(std::ranges::lower_bound(tokens, token) - tokens.begin())];
  }
  [[nodiscard]] double log_sum_exp() const {
    const double most = *std::ranges::max_element(logits);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(double(logit) - most);
    return most + std::log(sum);
  }
  [[nodiscard]] double entropy() const {
    const double total = log_sum_exp();
    double entropy = 0;
    for (const float logit : logits) {
      entropy -= std::exp(double(logit) - total) * (double(logit) - total);
    }
    return entropy;
  }
};

ListedRow listed_row(const ListedTokens& listed, const std::vector<float>& logits,
                     std::size_t row) {
  const auto begin = std::size_t(listed.offsets[row]), end = std::size_t(listed.offsets[row + 1]);
  return {std::span(listed.tokens).subspan(begin, end - begin),
          std::span(logits).subspan(begin, end - begin)};
}

}  // namespace

/// Per decoded hole with a rule the tokens it may still have.
ListedTokens DiffusionLoop::listed_by_rules(const Ranges& decoded) const {
  ListedTokens listed{.offsets = {0}, .tokens = {}, .credits = {}};
  auto rule = state_.rules.choices.begin();
  const auto end = state_.rules.choices.end();
  std::vector<std::size_t> left;
  const ChoiceRule* of_left = nullptr;
  for (const Range range : decoded) {
    for (std::int32_t p = range.begin; p < range.end; ++p) {
      while (rule != end && rule->positions.end <= p) ++rule;
      if (rule != end && rule->positions.begin <= p && canvas().is_hole(p)) {
        if (of_left != &*rule) left = choices_left(*rule, canvas());
        of_left = &*rule;
        const auto first = std::ptrdiff_t(listed.tokens.size());
        for (const std::size_t choice : left) listed.tokens.push_back(rule->token(choice, p));
        std::sort(listed.tokens.begin() + first, listed.tokens.end());
        listed.tokens.erase(std::unique(listed.tokens.begin() + first, listed.tokens.end()),
                            listed.tokens.end());
      }
      listed.offsets.push_back(std::int32_t(listed.tokens.size()));
    }
  }
  return listed;
}

/// The candidates of holes with a rule are those of the best choice as a whole, so that what is
/// decided of it together fits together. How sure they are counts among what was listed.
CandidateColumns DiffusionLoop::choose_by_rules(const CandidateColumns& columns) const {
  CandidateColumns chosen = columns;
  const ListedTokens listed = listed_by_rules(decoded());
  const std::vector<std::int32_t>& positions = columns.position;
  for (const ChoiceRule& rule : state_.rules.choices) {
    std::vector<std::size_t> rows;
    const auto first = std::ranges::lower_bound(positions, rule.positions.begin);
    for (auto at = first; at != positions.end() && *at < rule.positions.end; ++at) {
      if (canvas().is_hole(*at)) rows.push_back(std::size_t(at - positions.begin()));
    }
    if (rows.empty()) continue;
    const auto worth = [&](std::size_t choice) {
      double sum = 0;
      for (const std::size_t row : rows) {
        const std::int32_t token = rule.token(choice, positions[row]);
        sum += double(listed_row(listed, columns.listed_logit, row).logit(token));
      }
      return sum;
    };
    const std::vector<std::size_t> left = choices_left(rule, canvas());
    const std::size_t best = *std::ranges::max_element(left, {}, worth);
    for (const std::size_t row : rows) {
      const ListedRow of_row = listed_row(listed, columns.listed_logit, row);
      chosen.token[row] = rule.token(best, positions[row]);
      chosen.logit[row] = of_row.logit(chosen.token[row]);
      chosen.log_sum_exp[row] = float(of_row.log_sum_exp());
      if (!chosen.entropy.empty()) chosen.entropy[row] = float(of_row.entropy());
    }
  }
  return chosen;
}

/// Whether a rule chooses among listed tokens there, whatever the candidate is.
bool DiffusionLoop::has_choices(std::int32_t position) const {
  return std::ranges::any_of(state_.rules.choices, [position](const ChoiceRule& rule) {
    return position >= rule.positions.begin && position < rule.positions.end;
  });
}

}  // namespace unmask::diffusion
