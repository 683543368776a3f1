#include "model/diffusion/trace.h"

#include <algorithm>

namespace unmask::diffusion {
namespace {

std::string kind_of(Phase phase) {
  switch (phase) {
    case Phase::kPrefill:
      return "prefill";
    case Phase::kRefresh:
      return "refresh";
    case Phase::kDenoise:
      return "denoise";
    case Phase::kCommit:
      return "commit";
  }
  return "denoise";
}

/// From the first to the last; empty if there is none.
Range hull(const Ranges& ranges) {
  return ranges.empty() ? Range{} : Range{ranges.front().begin, ranges.back().end};
}

/// The computed positions that take the place of cached ones, or are stored.
std::optional<Range> replaced(const Window& window) {
  if (!window.written.empty()) return hull(window.written);
  const Range computed = hull(window.computed);
  const Range visible = hull(window.visible);
  const Range both{std::max(computed.begin, visible.begin), std::min(computed.end, visible.end)};
  if (both.size() <= 0) return std::nullopt;
  return both;
}

/// Whether the forward read a hole at a position that it computed.
bool is_hole(const SequenceStep& step, std::int32_t position, std::int32_t mask_id) {
  std::size_t row = 0;
  for (const Range range : step.window.computed) {
    if (position < range.end) {
      const std::int32_t input = step.inputs[row + std::size_t(position - range.begin)];
      return input == mask_id || input == kSoftRow;
    }
    row += std::size_t(range.size());
  }
  return false;
}

std::optional<double> threshold_of(const Strategy& strategy) {
  return std::visit(
      [](const auto& params) -> std::optional<double> {
        if constexpr (requires { params.threshold; }) return params.threshold;
        return std::nullopt;
      },
      strategy);
}

Result<CandidateColumns> candidates_of(const StepResult& result, const SequenceStep& step) {
  if (result.sequences.size() != 1 || result.sequences[0].sequence != step.sequence ||
      result.sequences[0].iteration != step.iteration) {
    return Error{ErrorCode::kInternal, "iteration " + std::to_string(step.iteration) +
                                           " was answered with the result of another one"};
  }
  if (result.sequences[0].refusal) return *result.sequences[0].refusal;
  return result.sequences[0].candidates;
}

}  // namespace

TraceIteration trace_iteration(Range block, const SequenceStep& step,
                               const CandidateColumns& candidates, std::span<const Edit> edits,
                               std::optional<Range> eos_fill, const DiffusionParams& params) {
  TraceIteration iteration;
  iteration.kind = kind_of(step.phase);
  iteration.window = hull(step.window.computed);
  // A prefill is of no block, but of all that it computes.
  iteration.block = step.phase == Phase::kPrefill ? iteration.window : block;
  iteration.kv = hull(step.window.visible).end;
  iteration.kv_write = replaced(step.window);
  iteration.kv_persist = !step.window.written.empty();
  const bool has_soft_rows = std::ranges::find(step.inputs, kSoftRow) != step.inputs.end();
  iteration.input = has_soft_rows ? "embeds" : "ids";
  iteration.edits.assign(edits.begin(), edits.end());
  for (Edit& edit : iteration.edits) {
    if (edit.token == kHole) edit.token = params.mask_id;
  }
  const Candidates view{candidates.position, candidates.token, candidates.logit,
                        candidates.log_sum_exp};
  const bool lists_all = edits_decided(params.strategy);
  for (int i = 0; i < view.size(); ++i) {
    if (!lists_all && !is_hole(step, view.position[i], params.mask_id)) continue;
    iteration.candidates.push_back({view.position[i], view.token[i], view.confidence(i)});
  }
  iteration.eos_fill = eos_fill;
  if (params.smoothing) {
    iteration.threshold =
        threshold_of(strategy_at(*params.smoothing, step.iteration, params.strategy));
    iteration.mix_weight = weight_at(*params.smoothing, step.iteration);
    iteration.mix_window = iteration.window;
    iteration.input = "embeds";
  }
  return iteration;
}

std::vector<std::int32_t> final_tokens(const TraceJob& job, std::span<const std::int32_t> canvas) {
  // Pinned are the prompt's positions; no hole counts: what was left open reads as the mask id.
  const auto prompt_length = std::int32_t(job.prompt.size());
  const auto size = std::int32_t(canvas.size());
  Ranges generated;
  if (prompt_length < size) generated.push_back({prompt_length, size});
  const auto whole =
      Canvas::restore({canvas.begin(), canvas.end()}, {}, generated, job.params.mask_id);
  if (!whole) return {};
  const std::int32_t num_asked = std::min(prompt_length + job.params.gen_length, size);
  return cut_tokens(*whole, job.params.compat, job.params.eos_id, num_asked, false);
}

Result<Trace> run_trace(const TraceJob& job, SequenceId sequence, const StepFunction& forward) {
  auto loop = DiffusionLoop::create(
      job.params, job.vocabulary(),
      Canvas::of_prompt(job.prompt, job.params.gen_length, job.params.mask_id));
  if (!loop) return loop.error();
  Trace trace;
  Step step;
  while (auto next = loop->next()) {
    next->sequence = sequence;
    const Range block = loop->state().block;
    ++step.seq;
    step.sequences = {*next};
    const Result<StepResult> result = forward(step);
    if (!result) return result.error();
    const Result<CandidateColumns> candidates = candidates_of(*result, *next);
    if (!candidates) return candidates.error();
    const Result<Applied> applied = loop->apply(*candidates);
    if (!applied) return applied.error();
    const CandidateColumns& decided_on = applied->adjusted ? *applied->adjusted : *candidates;
    trace.iterations.push_back(
        trace_iteration(block, *next, decided_on, applied->edits, applied->eos_fill, job.params));
  }
  trace.canvas = loop->canvas().tokens();
  trace.final_tokens = final_tokens(job, trace.canvas);
  trace.forwards = loop->figures().forwards;
  return trace;
}

Trace with_fills_as_edits(const TraceJob& job, Trace trace) {
  if (!job.params.compat.fills_at_every_forward) return trace;
  std::vector<std::int32_t> canvas = job.prompt;
  canvas.resize(trace.canvas.size(), job.params.mask_id);
  for (TraceIteration& iteration : trace.iterations) {
    const std::vector<std::int32_t> before = canvas;
    for (const Edit& edit : iteration.edits) canvas[std::size_t(edit.position)] = edit.token;
    if (!iteration.eos_fill) continue;
    std::fill(canvas.begin() + iteration.eos_fill->begin, canvas.begin() + iteration.eos_fill->end,
              job.params.eos_id);
    iteration.edits.clear();
    for (std::size_t i = 0; i < canvas.size(); ++i) {
      if (canvas[i] != before[i]) iteration.edits.push_back({std::int32_t(i), canvas[i]});
    }
    iteration.eos_fill.reset();
  }
  return trace;
}

}  // namespace unmask::diffusion
