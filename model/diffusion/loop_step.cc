/// What the workers are asked for: the step of a DiffusionLoop.

#include <algorithm>

#include "model/diffusion/loop.h"

namespace unmask::diffusion {
namespace {

Ranges ranges_of(Range range) { return range.size() > 0 ? Ranges{range} : Ranges{}; }

/// What of `ranges` is inside `bounds`.
Ranges inside(const Ranges& ranges, Range bounds) {
  Ranges cut;
  for (const Range range : ranges) {
    const Range both{std::max(range.begin, bounds.begin), std::min(range.end, bounds.end)};
    if (both.size() > 0) cut.push_back(both);
  }
  return cut;
}

}  // namespace

std::optional<SequenceStep> DiffusionLoop::next() const {
  if (has_ended()) return std::nullopt;
  const Plan& plan = state_.plan;
  SequenceStep step;
  step.phase = plan.phase;
  step.iteration = state_.iteration;
  step.num_positions = canvas().size();
  step.window.computed = computed();
  step.window.visible = ranges_of(plan.visible);
  step.window.written = inside(step.window.computed, plan.written);
  step.window.decoded = decoded();
  if (vocabulary_.is_block_causal) step.window.causal_block_length = params_.block_length;
  for (const Range range : step.window.computed) {
    step.inputs.insert(step.inputs.end(), canvas().tokens().begin() + range.begin,
                       canvas().tokens().begin() + range.end);
  }
  if (params_.smoothing) smooth(step);
  if (params_.cfg_scale > 0) guide(step);
  step.listed = listed();
  step.statistics = statistics_of(params_.strategy);
  if (params_.temperature > 0) draw(step.rules);
  if (!params_.compat.may_choose_mask_id) {
    step.rules.never_chosen = {vocabulary_.mask_id};
    step.rules.choosable_end = vocabulary_.choosable_end;
  }
  if (params_.logits_eos_inf) {
    step.rules.never_chosen.push_back(vocabulary_.eos_id);
    step.rules.not_in_confidence.push_back(vocabulary_.eos_id);
  }
  if (params_.confidence_eos_eot_inf) {
    for (const std::int32_t id : ids_without_confidence()) {
      step.rules.not_in_confidence.push_back(id);
    }
  }
  const std::vector<std::int32_t>& ruled_out = state_.rules.never_chosen;
  step.rules.never_chosen.insert(step.rules.never_chosen.end(), ruled_out.begin(), ruled_out.end());
  for (std::vector<std::int32_t>* ids : {&step.rules.never_chosen, &step.rules.not_in_confidence}) {
    std::ranges::sort(*ids);
    ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  }
  return step;
}

/// Holes are read as soft rows, which every computed position that may be a hole afterwards gets.
/// The first forward computes all positions: from then on every hole has one.
void DiffusionLoop::smooth(SequenceStep& step) const {
  auto input = step.inputs.begin();
  for (const Range range : step.window.computed) {
    for (std::int32_t position = range.begin; position < range.end; ++position, ++input) {
      if (state_.iteration > 0 && canvas().is_hole(position)) *input = kSoftRow;
    }
  }
  step.window.mixed = may_be_holes(state_.plan.computed);
  if (step.window.mixed.empty()) return;
  step.mix_weight = weight_at(*params_.smoothing, state_.iteration);
  step.mask_token = vocabulary_.mask_id;
}

/// The second row set sees the canvas without what was given.
///
/// Source  LLaDA's generate: every prompt position is the mask id
void DiffusionLoop::guide(SequenceStep& step) const {
  step.rules.cfg_scale = params_.cfg_scale;
  step.guidance_inputs = step.inputs;
  auto input = step.guidance_inputs.begin();
  for (const Range range : step.window.computed) {
    for (std::int32_t position = range.begin; position < range.end; ++position, ++input) {
      if (canvas().is_pinned(position)) *input = vocabulary_.mask_id;
    }
  }
}

void DiffusionLoop::draw(SamplingRules& rules) const {
  rules.temperature = params_.temperature;
  rules.top_k = params_.top_k;
  rules.top_p = params_.top_p;
  rules.seed = params_.seed;
  rules.block = state_.num_blocks;
  rules.decision = state_.block_iteration;
}

Ranges DiffusionLoop::may_be_holes(Range range) const {
  return sees_decided(params_.strategy) ? canvas().generated(range) : canvas().holes(range);
}

std::vector<std::int32_t> DiffusionLoop::ids_without_confidence() const {
  std::vector<std::int32_t> ids{vocabulary_.eos_id};
  if (params_.eot_id >= 0) ids.push_back(params_.eot_id);
  return ids;
}

/// Whether the plan's `settle` leaves the position to be computed.
bool DiffusionLoop::is_active(std::int32_t position) const {
  const bool may_be_hole =
      sees_decided(params_.strategy) ? !canvas().is_pinned(position) : canvas().is_hole(position);
  const std::int32_t changed_at = state_.changed_at[std::size_t(position - state_.block.begin)];
  return may_be_hole || state_.iteration - changed_at <= state_.plan.settle;
}

Ranges DiffusionLoop::computed() const {
  const Range all = state_.plan.computed;
  if (state_.plan.settle == 0) return ranges_of(all);
  Ranges active;
  for (std::int32_t position = all.begin; position < all.end; ++position) {
    if (!is_active(position)) continue;
    if (active.empty() || active.back().end != position) active.push_back({position, position});
    ++active.back().end;
  }
  // A driver that goes on with a finished block: some row there has to be.
  return active.empty() ? ranges_of(all) : active;
}

Ranges DiffusionLoop::decoded() const { return may_be_holes(state_.plan.decoded); }

ListedTokens DiffusionLoop::listed() const {
  if (params_.credit) return state_.credit.listed(decoded());
  return state_.rules.choices.empty() ? ListedTokens() : listed_by_rules(decoded());
}

}  // namespace unmask::diffusion
