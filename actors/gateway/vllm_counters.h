#pragma once

#include <cstdint>
#include <string_view>

#include "actors/messages/jobs.h"
#include "runtime/base/metrics.h"

namespace unmask::actors {

/// The three counters of diffusion that vLLM has, for tools that were written for it: `vllm bench
/// serve` takes them before and after a run and works out what it prints:
///
///   canvas length = positions / steps          canvases = committed / canvas length
///   denoising steps = steps - canvases         tokens per step = committed / denoising steps
///
/// vLLM's step counter has one step more for every canvas, the one that commits it, and a canvas is
/// committed whole. Here a forward decides and commits, and a block may end early. So that the
/// tool's denoising steps are our forwards, a canvas is a block's length of committed tokens,
/// wherever blocks ended; each adds a step, and every step counts a block's length of positions.
/// Exact to one canvas while jobs have one block length. The counters are whole numbers, as vLLM's.
class VllmCounters {
 public:
  /// model: the value of the label `model_name`.
  VllmCounters(Metrics& metrics, std::string_view model);

  /// Once per job, at its end; block_length: in positions, at least 1.
  void job_ended(const JobFigures& figures, std::int32_t block_length);

 private:
  Counter& steps_;
  Counter& positions_;
  Counter& committed_;
  double part_of_canvas_ = 0;  ///< committed, but not yet a canvas; below 1
};

}  // namespace unmask::actors
