#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/cli/bench/goodput.h"
#include "runtime/cli/bench/percentile.h"
#include "runtime/cli/bench/request_record.h"

namespace unmask::cli {

/// What a load says about a server. Rates are per second of duration_s; tokens, times and rates are
/// of requests that succeeded, and of no others.
struct LoadFigures {
  std::size_t num_good = 0;
  std::size_t num_failed = 0;
  std::map<std::string, std::size_t> failures;  ///< how many requests failed for this reason
  double duration_s = 0;                        ///< from the first sending to the last end
  std::int64_t prompt_tokens = 0;
  std::int64_t tokens = 0;
  double requests_per_s = 0;
  std::optional<double> good_requests_per_s;  ///< that keep the objectives; none: no objectives
  double tokens_per_s = 0;                    ///< of answers
  double peak_tokens_per_s = 0;  ///< in the busiest whole second; an answer's blocks count alike
  std::size_t peak_in_flight = 0;
  double all_tokens_per_s = 0;  ///< of prompts and answers

  struct Timed {
    Latency latency;
    Distribution milliseconds;
  };
  std::vector<Timed> latencies;  ///< of those that were seen

  /// Nothing where the server counts no denoising steps.
  struct Diffusion {
    double tokens_per_s = 0;
    double steps_per_canvas = 0;  ///< a canvas of this block is a block of a job
    double tokens_per_step = 0;
    std::int64_t tokens = 0;
    std::int64_t steps = 0;
    std::optional<double> positions;  ///< steps, each times the positions of its job's mean block
  };
  std::optional<Diffusion> diffusion;
};

/// `records` may be empty.
[[nodiscard]] LoadFigures figures_of(std::span<const RequestRecord> records,
                                     std::span<const double> percents,
                                     const std::vector<Objective>& objectives);

}  // namespace unmask::cli
