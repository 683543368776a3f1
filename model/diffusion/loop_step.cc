/// What the workers are asked for: the step of a DiffusionLoop.

#include <algorithm>

#include "model/diffusion/loop.h"

namespace unmask::diffusion {
namespace {

Ranges ranges_of(Range range) { return range.size() > 0 ? Ranges{range} : Ranges{}; }

}  // namespace

std::optional<SequenceStep> DiffusionLoop::next() const {
  if (has_ended()) return std::nullopt;
  const Plan& plan = state_.plan;
  SequenceStep step;
  step.phase = plan.phase;
  step.iteration = state_.iteration;
  step.num_positions = canvas().size();
  step.window.computed = ranges_of(plan.computed);
  step.window.visible = ranges_of(plan.visible);
  step.window.written = ranges_of(plan.written);
  step.window.decoded = decoded();
  step.window.mixed = ranges_of(plan.mixed);
  if (vocabulary_.is_block_causal) step.window.causal_block_length = params_.block_length;
  step.inputs.assign(canvas().tokens().begin() + plan.computed.begin,
                     canvas().tokens().begin() + plan.computed.end);
  if (params_.credit) step.listed = state_.credit.listed(step.window.decoded);
  step.rules.seed = params_.seed;
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
  for (std::vector<std::int32_t>* ids : {&step.rules.never_chosen, &step.rules.not_in_confidence}) {
    std::ranges::sort(*ids);
    ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  }
  return step;
}

std::vector<std::int32_t> DiffusionLoop::ids_without_confidence() const {
  std::vector<std::int32_t> ids{vocabulary_.eos_id};
  if (params_.eot_id >= 0) ids.push_back(params_.eot_id);
  return ids;
}

Ranges DiffusionLoop::decoded() const {
  const Range range = state_.plan.decoded;
  return sees_decided(params_.strategy) ? canvas().generated(range) : canvas().holes(range);
}

std::size_t DiffusionLoop::num_listed() const {
  return params_.credit ? state_.credit.listed(decoded()).tokens.size() : 0;
}

}  // namespace unmask::diffusion
