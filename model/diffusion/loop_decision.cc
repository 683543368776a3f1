/// What comes of the answers: candidates are checked, decided on, and applied to the canvas.

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "model/diffusion/loop.h"

namespace unmask::diffusion {
namespace {

Candidates view_of(const CandidateColumns& columns, std::span<const std::int32_t> present = {}) {
  return {columns.position,    columns.token, columns.logit,
          columns.log_sum_exp, present,       columns.entropy};
}

CandidateColumns without_token(const CandidateColumns& columns, std::int32_t token) {
  CandidateColumns kept;
  for (std::size_t i = 0; i < columns.position.size(); ++i) {
    if (columns.token[i] == token) continue;
    kept.position.push_back(columns.position[i]);
    kept.token.push_back(columns.token[i]);
    kept.logit.push_back(columns.logit[i]);
    kept.log_sum_exp.push_back(columns.log_sum_exp[i]);
    if (!columns.entropy.empty()) kept.entropy.push_back(columns.entropy[i]);
  }
  return kept;
}

std::vector<std::int32_t> positions_of(const Ranges& ranges) {
  std::vector<std::int32_t> positions;
  for (const Range range : ranges) {
    for (std::int32_t position = range.begin; position < range.end; ++position) {
      positions.push_back(position);
    }
  }
  return positions;
}

}  // namespace

/// A candidate that does not count for the sum has no probability; it stays the last of all, by
/// confidence and by entropy.
void DiffusionLoop::take_confidence(CandidateColumns& columns) const {
  const std::vector<std::int32_t> ids = ids_without_confidence();
  for (std::size_t i = 0; i < columns.token.size(); ++i) {
    if (std::ranges::find(ids, columns.token[i]) == ids.end()) continue;
    columns.logit[i] = -INFINITY;
    if (!columns.entropy.empty()) columns.entropy[i] = INFINITY;
  }
}

void DiffusionLoop::randomize_confidence(CandidateColumns& columns) const {
  for (std::size_t i = 0; i < columns.position.size(); ++i) {
    columns.logit[i] = random_log_confidence(params_.seed, state_.num_blocks,
                                             state_.block_iteration, columns.position[i]);
    columns.log_sum_exp[i] = 0;
  }
}

/// Per candidate the token that stands there; nothing if the strategy sees holes only.
std::vector<std::int32_t> DiffusionLoop::present_at(const CandidateColumns& columns) const {
  std::vector<std::int32_t> present;
  if (!sees_decided(params_.strategy)) return present;
  for (const std::int32_t position : columns.position) {
    present.push_back(canvas().is_hole(position) ? kHole : canvas().token(position));
  }
  return present;
}

std::optional<Error> DiffusionLoop::find_fault(const CandidateColumns& columns) const {
  const std::vector<std::int32_t> expected = positions_of(decoded());
  const auto fault = [](std::string sentence) {
    return Error{ErrorCode::kInternal, std::move(sentence)};
  };
  const bool has_entropy = (statistics_of(params_.strategy) & kEntropy) != 0;
  if (columns.position != expected || columns.token.size() != expected.size() ||
      columns.logit.size() != expected.size() || columns.log_sum_exp.size() != expected.size() ||
      columns.listed_logit.size() != listed().tokens.size() ||
      columns.entropy.size() != (has_entropy ? expected.size() : 0)) {
    return fault("the workers answered with candidates for other positions than were asked for");
  }
  if (!std::ranges::all_of(columns.listed_logit,
                           [](float logit) { return std::isfinite(logit); })) {
    return fault("the model's logits of tokens that were listed are not finite numbers");
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto where = [&] { return " at position " + std::to_string(expected[i]); };
    if (!std::isfinite(columns.log_sum_exp[i]) || !std::isfinite(columns.logit[i]) ||
        (has_entropy && !std::isfinite(columns.entropy[i]))) {
      return fault("the model's logits" + where() + " are not finite numbers");
    }
    const std::int32_t token = columns.token[i];
    const bool is_free = params_.compat.may_choose_mask_id;
    const bool is_ruled_out =
        std::ranges::binary_search(state_.rules.never_chosen, token) && !has_choices(expected[i]);
    if (token < 0 || is_ruled_out ||
        (!is_free && (token == vocabulary_.mask_id || token >= vocabulary_.choosable_end))) {
      return fault("the workers chose token " + std::to_string(token) + where() +
                   ", which may not be chosen");
    }
  }
  return std::nullopt;
}

CandidateColumns DiffusionLoop::fuse(const CandidateColumns& columns) {
  std::vector<bool> is_hole;
  for (const std::int32_t position : columns.position)
    is_hole.push_back(canvas().is_hole(position));
  return state_.credit.fuse(*params_.credit, columns, is_hole);
}

/// Returns the strategy's word on whether the block is done.
bool DiffusionLoop::decide_and_edit(const CandidateColumns& columns, std::vector<Edit>& edits) {
  if (state_.plan.decoded.size() == 0) return false;
  const bool passes_over =
      params_.compat.may_choose_mask_id && passes_over_mask_id(params_.strategy);
  const CandidateColumns kept =
      passes_over ? without_token(columns, vocabulary_.mask_id) : CandidateColumns{};
  const std::vector<std::int32_t> present = present_at(passes_over ? kept : columns);
  const Candidates candidates = view_of(passes_over ? kept : columns, present);

  std::vector<Edit> decided(candidates.position.size());
  // Counted already: the forward whose candidates these are.
  const Strategy strategy =
      params_.smoothing ? strategy_at(*params_.smoothing, state_.iteration - 1, params_.strategy)
                        : params_.strategy;
  const Decision decision = decide(strategy, candidates, state_.strategy, decided);
  decided.resize(decision.num_edits);
  const std::int32_t num_holes = canvas().num_holes(state_.block);
  // Late: nothing is taken back any more, and one hole at least is filled.
  const bool is_late =
      ++state_.block_iteration >= max_iterations(params_.strategy, state_.block.size());
  for (Edit edit : decided) {
    // Where the mask id stands, there is a hole.
    const bool is_mask_id = params_.compat.may_choose_mask_id && edit.token == vocabulary_.mask_id;
    if (is_mask_id) edit.token = kHole;
    if (is_late && edit.token == kHole) continue;
    if (state_.canvas.apply(edit)) edits.push_back(edit);
  }

  const bool is_last = is_late && edits_decided(params_.strategy);
  if (is_last) {
    force_all(columns, edits);
  } else if (is_late && num_holes > 0 && canvas().num_holes(state_.block) >= num_holes) {
    force_best(columns, edits);
  }
  std::ranges::sort(edits, {}, &Edit::position);
  return decision.block_done || is_last;
}

/// The guard of a strategy without progress: the surest candidate is taken whatever it is.
void DiffusionLoop::force_best(const CandidateColumns& columns, std::vector<Edit>& edits) {
  const Candidates candidates = view_of(columns);
  int best = next_surest(candidates, kNone);
  while (best != kNone && !canvas().is_hole(columns.position[best])) {
    best = next_surest(candidates, best);
  }
  if (best != kNone) force({columns.position[best], columns.token[best]}, edits);
}

/// The guard of a strategy that could go on for ever: no hole is left.
void DiffusionLoop::force_all(const CandidateColumns& columns, std::vector<Edit>& edits) {
  for (std::size_t i = 0; i < columns.position.size(); ++i) {
    if (canvas().is_hole(columns.position[i])) {
      force({columns.position[i], columns.token[i]}, edits);
    }
  }
}

void DiffusionLoop::force(Edit edit, std::vector<Edit>& edits) {
  state_.canvas.apply(edit);
  edits.push_back(edit);
  ++state_.num_forced;
}

}  // namespace unmask::diffusion
