/// A generation, forward by forward, in the words of the golden traces.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/diffusion/decision.h"
#include "model/diffusion/loop.h"
#include "model/diffusion/params.h"
#include "model/step.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

/// What a trace file asks for. It names the mask id and the EOS itself.
struct TraceJob {
  std::vector<std::int32_t> prompt;
  DiffusionParams params;
  bool is_block_causal = false;  ///< the model's attention is
  /// The job as the file says it, without results: a JSON object that is written back as it is.
  std::string source = "{}";

  [[nodiscard]] Vocabulary vocabulary() const {
    return {params.mask_id, params.eos_id, INT32_MAX, is_block_causal};
  }
};

/// A hole of the block before the edits; of a strategy that edits, any position that is not given.
struct TraceCandidate {
  std::int32_t position = 0;
  std::int32_t token = 0;
  double confidence = 0;

  bool operator==(const TraceCandidate&) const = default;
};

/// One forward of the model and what came of it.
struct TraceIteration {
  std::string kind;  ///< prefill, refresh, denoise, commit
  Range block;
  Range window;                   ///< positions fed to the model
  std::int32_t kv = 0;            ///< cached positions handed to the model
  std::optional<Range> kv_write;  ///< whose K/V are replaced by fresh ones, for this forward or on
  bool kv_persist = false;        ///< the cache is changed by it
  std::string input = "ids";      ///< or embeds
  std::vector<Edit> edits;        ///< a token that is the mask id puts a hole back
  std::vector<TraceCandidate> candidates;
  std::optional<Range> eos_fill;
  // Of smoothing:
  std::optional<double> threshold;
  std::optional<double> mix_weight;
  std::optional<Range> mix_window;  ///< of whose holes, after the edits, soft rows were made

  bool operator==(const TraceIteration&) const = default;
};

/// What came out of a job.
struct Trace {
  std::vector<TraceIteration> iterations;
  std::vector<std::int32_t> canvas;        ///< when the loop ended
  std::vector<std::int32_t> final_tokens;  ///< what the caller gets
  std::int32_t forwards = 0;

  bool operator==(const Trace&) const = default;
};

/// The iteration that `step` was, given what its candidates did to the canvas. params: of the job,
/// mask_id included.
TraceIteration trace_iteration(Range block, const SequenceStep& step,
                               const CandidateColumns& candidates, std::span<const Edit> edits,
                               std::optional<Range> eos_fill, const DiffusionParams& params);

/// The answer of `canvas`, the raw one with which the job ended.
std::vector<std::int32_t> final_tokens(const TraceJob& job, std::span<const std::int32_t> canvas);

/// Runs the forwards of a step: a local engine, a worker group.
using StepFunction = std::function<Result<StepResult>(const Step&)>;

/// Runs the job with forwards by `forward`, as the only sequence, under the name `sequence`.
///
/// Errors  those of `forward` and of DiffusionLoop
Result<Trace> run_trace(const TraceJob& job, SequenceId sequence, const StepFunction& forward);

/// The trace with what an early stop overwrites at every forward among its edits, which are then
/// all that changed: so the records of dense LLaDA have it, where those of LLaDA-MoE have a range.
Trace with_fills_as_edits(const TraceJob& job, Trace trace);

/// The first difference, as a sentence that names its place; nothing if they are equal.
///
/// Compared are kind, block, window, edits, candidates' tokens and the window of smoothing exactly,
/// confidences, thresholds and weights within kTraceTolerance, then final, canvas and forwards.
std::optional<std::string> trace_diff(const Trace& a, const Trace& b);

inline constexpr double kTraceTolerance = 1e-3;

}  // namespace unmask::diffusion
