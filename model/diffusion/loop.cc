#include "model/diffusion/loop.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "runtime/base/check.h"

namespace unmask::diffusion {
namespace {

Candidates view_of(const CandidateColumns& columns, std::span<const std::int32_t> present = {}) {
  return {columns.position, columns.token, columns.logit, columns.log_sum_exp, present};
}

CandidateColumns without_token(const CandidateColumns& columns, std::int32_t token) {
  CandidateColumns kept;
  for (std::size_t i = 0; i < columns.position.size(); ++i) {
    if (columns.token[i] == token) continue;
    kept.position.push_back(columns.position[i]);
    kept.token.push_back(columns.token[i]);
    kept.logit.push_back(columns.logit[i]);
    kept.log_sum_exp.push_back(columns.log_sum_exp[i]);
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

CachePolicy cache_of(const DiffusionParams& params, const Vocabulary& vocabulary) {
  if (params.cache) return *params.cache;
  return vocabulary.is_block_causal ? CachePolicy(BlockCache{}) : CachePolicy(NoCache{});
}

Ranges ranges_of(Range range) { return range.size() > 0 ? Ranges{range} : Ranges{}; }

}  // namespace

DiffusionLoop::DiffusionLoop(const DiffusionParams& params, Vocabulary vocabulary, LoopState state)
    : params_(params), vocabulary_(vocabulary), state_(std::move(state)) {
  if (params.mask_id >= 0) vocabulary_.mask_id = params.mask_id;
  if (params.eos_id >= 0) vocabulary_.eos_id = params.eos_id;
}

Result<DiffusionLoop> DiffusionLoop::create(const DiffusionParams& params, Vocabulary vocabulary,
                                            Canvas canvas) {
  const auto first_hole = canvas.first_hole();
  if (!first_hole) {
    return Error{ErrorCode::kInvalidArgument, "the canvas has no hole: nothing is to be generated"};
  }
  const bool is_block_causal = vocabulary.is_block_causal;
  const CachePolicy cache = cache_of(params, vocabulary);
  const bool suits_all = std::holds_alternative<NoCache>(cache);
  if (!suits_all && std::holds_alternative<BlockCache>(cache) != is_block_causal) {
    return Error{ErrorCode::kInvalidArgument,
                 is_block_causal
                     ? "the model's attention is block-causal: cache can be block or none"
                     : "cache block needs a model whose attention is block-causal"};
  }
  LoopState state;
  // What a position sees is told by blocks that are counted from 0.
  const bool is_aligned = params.start_block_align || is_block_causal;
  state.grid = block_grid(canvas, params.block_length, is_aligned);
  state.canvas = std::move(canvas);
  state.cache = initial_state(cache);
  DiffusionLoop loop(params, vocabulary, std::move(state));
  loop.enter_block(*first_hole);
  return loop;
}

DiffusionLoop DiffusionLoop::resume(const DiffusionParams& params, Vocabulary vocabulary,
                                    LoopState state) {
  return {params, vocabulary, std::move(state)};
}

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

/// A candidate that does not count for the sum has no probability; it stays the last of all.
void DiffusionLoop::take_confidence(CandidateColumns& columns) const {
  const std::vector<std::int32_t> ids = ids_without_confidence();
  for (std::size_t i = 0; i < columns.token.size(); ++i) {
    if (std::ranges::find(ids, columns.token[i]) != ids.end()) columns.logit[i] = -INFINITY;
  }
}

Result<Applied> DiffusionLoop::apply(const CandidateColumns& columns) {
  UNMASK_CHECK(!has_ended());
  if (auto fault = find_fault(columns)) return std::move(*fault);
  Applied applied;
  ++state_.iteration;
  if (state_.plan.decoded.size() > 0) {
    if (params_.credit) applied.adjusted = fuse(columns);
    if (params_.confidence_eos_eot_inf) {
      if (!applied.adjusted) applied.adjusted = columns;
      take_confidence(*applied.adjusted);
    }
  }
  const bool is_block_done =
      decide_and_edit(applied.adjusted ? *applied.adjusted : columns, applied.edits);
  const Compat& compat = params_.compat;
  if (compat.early_stop && compat.fills_at_every_forward && state_.plan.phase != Phase::kRefresh) {
    fill_behind_eos(applied);
  }
  look_at_block(is_block_done, applied);
  return applied;
}

Ranges DiffusionLoop::decoded() const {
  const Range range = state_.plan.decoded;
  return sees_decided(params_.strategy) ? canvas().generated(range) : canvas().holes(range);
}

std::size_t DiffusionLoop::num_listed() const {
  return params_.credit ? state_.credit.listed(decoded()).tokens.size() : 0;
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
  if (columns.position != expected || columns.token.size() != expected.size() ||
      columns.logit.size() != expected.size() || columns.log_sum_exp.size() != expected.size() ||
      columns.listed_logit.size() != num_listed()) {
    return fault("the workers answered with candidates for other positions than were asked for");
  }
  if (!std::ranges::all_of(columns.listed_logit,
                           [](float logit) { return std::isfinite(logit); })) {
    return fault("the model's logits of tokens with credit are not finite numbers");
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string where = " at position " + std::to_string(expected[i]);
    if (!std::isfinite(columns.log_sum_exp[i]) || !std::isfinite(columns.logit[i])) {
      return fault("the model's logits" + where + " are not finite numbers");
    }
    const std::int32_t token = columns.token[i];
    const bool is_free = params_.compat.may_choose_mask_id;
    if (token < 0 ||
        (!is_free && (token == vocabulary_.mask_id || token >= vocabulary_.choosable_end))) {
      return fault("the workers chose token " + std::to_string(token) + where +
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
  const Decision decision = decide(params_.strategy, candidates, state_.strategy, decided);
  decided.resize(decision.num_edits);
  const std::int32_t num_holes = canvas().num_holes(state_.block);
  // Late: nothing is taken back any more, and one hole at least is filled.
  const bool is_late =
      ++state_.block_iteration >= max_iterations(params_.strategy, state_.block.size());
  for (const Edit edit : decided) {
    if (is_late && edit.token == kHole) continue;
    if (params_.compat.may_choose_mask_id && edit.token == vocabulary_.mask_id) continue;
    if (state_.canvas.apply(edit)) edits.push_back(edit);
  }

  if (is_late && num_holes > 0 && canvas().num_holes(state_.block) >= num_holes) {
    force_best(columns, edits);
  }
  std::ranges::sort(edits, {}, &Edit::position);
  return decision.block_done;
}

/// The guard of a strategy without progress: the surest candidate is taken whatever it is.
void DiffusionLoop::force_best(const CandidateColumns& columns, std::vector<Edit>& edits) {
  const Candidates candidates = view_of(columns);
  int best = next_surest(candidates, kNone);
  while (best != kNone && !canvas().is_hole(columns.position[best])) {
    best = next_surest(candidates, best);
  }
  if (best == kNone) return;
  const Edit edit{columns.position[best], columns.token[best]};
  state_.canvas.apply(edit);
  edits.push_back(edit);
  ++state_.num_forced;
}

/// Fast-dLLM's early stop: nothing stands behind the first EOS but more of them. What was decided
/// there in this very forward is no edit then.
void DiffusionLoop::fill_behind_eos(Applied& applied) {
  const auto eos = canvas().find_generated(vocabulary_.eos_id, canvas().whole());
  if (!eos) return;
  const Range rest{*eos + 1, canvas().size()};
  if (overwrite_with_eos(rest)) applied.eos_fill = rest;
  std::erase_if(applied.edits, [&](const Edit& edit) { return edit.position > *eos; });
}

/// Returns whether anything changed.
bool DiffusionLoop::overwrite_with_eos(Range range) {
  bool has_changed = false;
  for (std::int32_t position = range.begin; position < range.end; ++position) {
    if (canvas().is_pinned(position)) continue;
    has_changed |= state_.canvas.apply({position, vocabulary_.eos_id});
  }
  return has_changed;
}

void DiffusionLoop::look_at_block(bool is_block_done, Applied& applied) {
  const Compat& compat = params_.compat;
  if (stop_within_block(applied)) return finish_block(applied);
  if (!state_.plan.ends_call) return plan_next();
  if (--state_.calls_left > 0) return plan_next();
  const bool is_filled = compat.fills_at_every_forward || is_block_done;
  if (is_filled && canvas().num_holes(state_.block) == 0) return finish_block(applied);
  state_.calls_left = num_calls();
  plan_next();
}

/// Whether the rest of the block is of no use, being behind an EOS; then it is overwritten.
bool DiffusionLoop::stop_within_block(Applied& applied) {
  const Compat& compat = params_.compat;
  if (!compat.early_stop || !compat.stops_within_block) return false;
  const auto eos = canvas().find_generated(vocabulary_.eos_id, state_.block);
  if (!eos || canvas().num_holes({state_.block.begin, *eos}) > 0) return false;
  const Range rest{*eos + 1, state_.block.end};
  if (canvas().num_holes(rest) == 0) return false;
  overwrite_with_eos(rest);
  applied.eos_fill = rest;
  return true;
}

void DiffusionLoop::finish_block(Applied& applied) {
  const Compat& compat = params_.compat;
  applied.finished_block = FinishedBlock{state_.num_blocks++, state_.block};
  bool has_eos = canvas().find_generated(vocabulary_.eos_id, state_.block).has_value();
  if (compat.prompt_eos_counts) {
    const auto begin = canvas().tokens().begin();
    has_eos = std::find(begin + state_.block.begin, begin + state_.block.end, vocabulary_.eos_id) !=
              begin + state_.block.end;
  }
  const auto first_hole = canvas().first_hole(state_.block.end);
  const bool stops = has_eos && (compat.early_stop || compat.always_stops);
  if (!stops && first_hole) return enter_block(*first_hole);

  const Range rest{state_.block.end, canvas().size()};
  if (stops && compat.early_stop && compat.fills_with_eos && rest.size() > 0) {
    overwrite_with_eos(rest);
    applied.eos_fill = rest;
  }
  end(applied);
}

void DiffusionLoop::end(Applied& applied) {
  const bool has_eos = canvas().find_generated(vocabulary_.eos_id, canvas().whole()).has_value();
  state_.ending = has_eos ? Ending::kStop : Ending::kLength;
  state_.plan = {};
  applied.ending = state_.ending;
}

void DiffusionLoop::enter_block(std::int32_t first_hole) {
  state_.block = state_.grid.block_at(first_hole);
  state_.block_iteration = 0;
  state_.strategy = initial_state(params_.strategy);
  state_.credit = params_.credit ? CreditLedger(state_.block) : CreditLedger();
  state_.calls_left = num_calls();
  plan_next();
}

void DiffusionLoop::plan_next() {
  const PlanInput input{state_.block, canvas().size(), params_.compat.refresh};
  state_.plan = plan(cache_of(params_, vocabulary_), input, state_.cache);
  // No row that is looked at sees what stands behind the block.
  if (vocabulary_.is_block_causal) {
    state_.plan.computed.end = std::min(state_.plan.computed.end, state_.block.end);
  }
}

std::int32_t DiffusionLoop::num_calls() const {
  const Compat& compat = params_.compat;
  const std::int32_t num_holes = canvas().num_holes(state_.block);
  return std::max(std::min(num_holes / std::max(compat.expected_tpf, 1), compat.unroll), 1);
}

Figures DiffusionLoop::figures() const {
  return figures_of(canvas(), vocabulary_.eos_id, state_.iteration);
}

std::vector<std::int32_t> DiffusionLoop::final_tokens() const {
  return cut_tokens(canvas(), params_.compat.cut, vocabulary_.eos_id, false);
}

std::vector<std::int32_t> DiffusionLoop::generated_tokens() const {
  return cut_tokens(canvas(), params_.compat.cut, vocabulary_.eos_id, true);
}

std::vector<std::int32_t> cut_tokens(const Canvas& canvas, Cut cut, std::int32_t eos_id,
                                     bool only_generated) {
  std::int32_t end = canvas.size();
  if (cut == Cut::kAtFirstEos) {
    end = canvas.find_generated(eos_id, canvas.whole()).value_or(end);
  }
  std::vector<std::int32_t> tokens;
  for (std::int32_t position = 0; position < end; ++position) {
    if (only_generated && canvas.is_pinned(position)) continue;
    if (cut == Cut::kEveryEosGone && canvas.token(position) == eos_id) continue;
    tokens.push_back(canvas.token(position));
  }
  return tokens;
}

}  // namespace unmask::diffusion
