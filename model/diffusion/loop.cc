#include "model/diffusion/loop.h"

#include <algorithm>
#include <utility>

#include "model/diffusion/contradiction.h"
#include "runtime/base/check.h"

namespace unmask::diffusion {
namespace {

CachePolicy cache_of(const DiffusionParams& params, const Vocabulary& vocabulary) {
  if (params.cache) return *params.cache;
  return vocabulary.is_block_causal ? CachePolicy(BlockCache{}) : CachePolicy(NoCache{});
}

}  // namespace

DiffusionLoop::DiffusionLoop(const DiffusionParams& params, Vocabulary vocabulary, LoopState state)
    : params_(params), vocabulary_(vocabulary), state_(std::move(state)) {
  if (params.mask_id >= 0) vocabulary_.mask_id = params.mask_id;
  if (params.eos_id >= 0) vocabulary_.eos_id = params.eos_id;
}

Result<DiffusionLoop> DiffusionLoop::create(const DiffusionParams& params, Vocabulary vocabulary,
                                            Canvas canvas, HoleRules rules) {
  const auto first_hole = canvas.first_hole();
  if (!first_hole) {
    return Error{ErrorCode::kInvalidArgument, "the canvas has no hole: nothing is to be generated"};
  }
  const bool is_block_causal = vocabulary.is_block_causal;
  if (auto error = contradiction_in(params, is_block_causal)) return std::move(*error);
  if (is_block_causal) {
    if (auto error = unseen_text_in(canvas, params.block_length)) return std::move(*error);
  }
  if (auto error = rules_error(rules, canvas, params)) return std::move(*error);
  const std::int32_t eos_id = params.eos_id >= 0 ? params.eos_id : vocabulary.eos_id;
  if (eos_id < 0 && !rules.choices.empty()) {
    return Error{
        ErrorCode::kInvalidArgument,
        "holes with rules (a template of JSON) end with the end of text, and the model does "
        "not say which token that is; give --eos-id"};
  }
  LoopState state;
  state.rules = with_eos(std::move(rules), eos_id);
  state.num_asked = canvas.size();
  canvas.extend(std::int32_t(num_positions(params, canvas.size())) - canvas.size());
  // What a position sees is told by blocks that are counted from 0.
  const bool is_aligned = params.start_block_align || is_block_causal;
  state.grid = block_grid(canvas, params.block_length, is_aligned);
  state.canvas = std::move(canvas);
  state.cache = initial_state(cache_of(params, vocabulary));
  DiffusionLoop loop(params, vocabulary, std::move(state));
  loop.enter_block(*first_hole);
  return loop;
}

DiffusionLoop DiffusionLoop::resume(const DiffusionParams& params, Vocabulary vocabulary,
                                    LoopState state) {
  return {params, vocabulary, std::move(state)};
}

std::optional<DiffusionLoop> DiffusionLoop::resume_without_cache(const DiffusionParams& params,
                                                                 Vocabulary vocabulary,
                                                                 LoopState border) {
  DiffusionLoop loop(params, vocabulary, std::move(border));
  if (params.smoothing) return std::nullopt;  // what holes are read as was lost too
  if (loop.state_.plan.visible.size() == 0) return loop;
  if (!std::holds_alternative<BlockCache::State>(loop.state_.cache)) return std::nullopt;
  // Block-causal: the same keys and values come of computing all that is finished once more, in as
  // many forwards as were planned.
  const bool has_own_forward = loop.state_.plan.phase == Phase::kPrefill;
  loop.state_.cache = BlockCache::State{.cached_end = 0, .is_lost = !has_own_forward};
  loop.plan_next();
  return loop;
}

Result<Applied> DiffusionLoop::apply(const CandidateColumns& columns) {
  UNMASK_CHECK(!has_ended());
  if (auto fault = find_fault(columns)) return std::move(*fault);
  Applied applied;
  ++state_.iteration;
  if (state_.plan.decoded.size() > 0) {
    if (params_.credit) applied.adjusted = fuse(columns);
    if (!state_.rules.choices.empty()) applied.adjusted = choose_by_rules(columns);
    if (std::holds_alternative<RandomConfidence>(params_.remasking)) {
      if (!applied.adjusted) applied.adjusted = columns;
      randomize_confidence(*applied.adjusted);
    }
    if (params_.confidence_eos_eot_inf) {
      if (!applied.adjusted) applied.adjusted = columns;
      take_confidence(*applied.adjusted);
    }
  }
  bool is_block_done =
      decide_and_edit(applied.adjusted ? *applied.adjusted : columns, applied.edits);
  const Compat& compat = params_.compat;
  if (compat.early_stop && compat.stops_within_block && !edits_decided(params_.strategy)) {
    const bool has_filled = end_runs(state_.block, applied);
    is_block_done = is_block_done || (has_filled && canvas().num_holes(state_.block) == 0);
  }
  if (compat.early_stop && compat.fills_at_every_forward && state_.plan.phase != Phase::kRefresh) {
    fill_behind_eos(applied);
  }
  note_changes(applied);
  look_at_block(is_block_done, applied);
  return applied;
}

void DiffusionLoop::note_changes(const Applied& applied) {
  const auto note = [&](Range range) {
    const std::int32_t end = std::min(range.end, state_.block.end);
    for (std::int32_t p = std::max(range.begin, state_.block.begin); p < end; ++p) {
      state_.changed_at[std::size_t(p - state_.block.begin)] = state_.iteration - 1;
    }
  };
  for (const Edit& edit : applied.edits) note({edit.position, edit.position + 1});
  if (applied.eos_fill) note(*applied.eos_fill);
}

void DiffusionLoop::look_at_block(bool is_block_done, Applied& applied) {
  const Compat& compat = params_.compat;
  if (stop_within_block(applied)) return finish_block(applied);
  if (!state_.plan.ends_call) return plan_next();
  if (state_.plan.phase == Phase::kCommit) return finish_block(applied);
  if (--state_.calls_left > 0) return plan_next();
  const bool is_filled = compat.fills_at_every_forward || is_block_done;
  if (is_filled && canvas().num_holes(state_.block) == 0) return leave_block(applied);
  state_.calls_left = num_calls();
  plan_next();
}

/// Finishes the block, if the cache has what the last forward made of it; else a commit comes
/// before.
void DiffusionLoop::leave_block(Applied& applied) {
  auto* const cache = std::get_if<BlockCache::State>(&state_.cache);
  const bool commits = cache != nullptr && params_.compat.refresh.commits_blocks;
  if (!commits || applied.edits.empty()) return finish_block(applied);
  state_.plan = commit_plan(plan_input(), *cache);
}

void DiffusionLoop::enter_block(std::int32_t first_hole) {
  state_.block = state_.grid.block_at(first_hole);
  state_.block_iteration = 0;
  state_.strategy = initial_state(params_.strategy, {params_.block_length, params_.gen_length});
  state_.credit = params_.credit ? CreditLedger(state_.block) : CreditLedger();
  state_.changed_at.assign(std::size_t(state_.block.size()), state_.iteration - 1);
  state_.calls_left = num_calls();
  plan_next();
}

PlanInput DiffusionLoop::plan_input() const {
  RefreshRules rules = params_.compat.refresh;
  // dInfer's smoothing classes count otherwise than its plain one.
  if (params_.smoothing && rules.counter == RefreshCounter::kCallsOfSequence) {
    rules.counter = RefreshCounter::kForwardsOfSequence;
  }
  return {state_.block, canvas().size(), rules, params_.block_length};
}

void DiffusionLoop::plan_next() {
  state_.plan = plan(cache_of(params_, vocabulary_), plan_input(), state_.cache);
  // No row that is looked at sees what stands behind the block.
  if (vocabulary_.is_block_causal) {
    state_.plan.computed.end = std::min(state_.plan.computed.end, state_.block.end);
  }
}

std::int32_t DiffusionLoop::num_calls() const {
  const Compat& compat = params_.compat;
  const std::int32_t num_holes = canvas().num_holes(state_.block);
  return std::max(std::min(num_holes / std::max(compat.expected_tpf, 1), compat.unroll),
                  compat.min_unroll);
}

MaxUse DiffusionLoop::max_use() const {
  MaxUse use =
      diffusion::max_use(cache_of(params_, vocabulary_), canvas().size(), params_.block_length);
  if (params_.cfg_scale > 0) use.num_computed *= 2;
  if (params_.smoothing) {
    for (const Range range : canvas().generated({0, canvas().size()})) use.num_soft += range.size();
  }
  return use;
}

Figures DiffusionLoop::figures() const {
  return figures_of(canvas(), vocabulary_.eos_id, answer_end(), state_.iteration);
}

std::int64_t num_positions(const DiffusionParams& params, std::int64_t num_asked) {
  if (!params.compat.completes_last_block) return num_asked;
  const std::int64_t length = params.block_length;
  return (num_asked + length - 1) / length * length;
}

}  // namespace unmask::diffusion
