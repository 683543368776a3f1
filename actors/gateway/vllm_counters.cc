#include "actors/gateway/vllm_counters.h"

#include <cmath>

#include "runtime/base/check.h"

namespace unmask::actors {
namespace {

Counter& vllm_counter(Metrics& metrics, std::string_view name, std::string_view help,
                      std::string_view model) {
  return metrics.counter(name, help, {{"model_name", model}, {"engine", "0"}});
}

}  // namespace

VllmCounters::VllmCounters(Metrics& metrics, std::string_view model)
    : steps_(vllm_counter(metrics, "vllm:diffusion_num_denoising_steps_total",
                          "For tools of vLLM: forwards of jobs that ended, and one more per block "
                          "length of committed tokens.",
                          model)),
      positions_(vllm_counter(metrics, "vllm:diffusion_num_canvas_positions_total",
                              "For tools of vLLM: those steps times the block length.", model)),
      committed_(vllm_counter(metrics, "vllm:diffusion_num_committed_tokens_total",
                              "For tools of vLLM: tokens of jobs that ended.", model)) {}

void VllmCounters::job_ended(const JobFigures& figures, std::int32_t block_length) {
  UNMASK_CHECK(block_length >= 1);
  part_of_canvas_ += double(figures.tokens) / block_length;
  const double num_canvases = std::floor(part_of_canvas_);
  part_of_canvas_ -= num_canvases;
  const double num_steps = figures.forwards + num_canvases;
  steps_.add(num_steps);
  positions_.add(num_steps * block_length);
  committed_.add(figures.tokens);
}

}  // namespace unmask::actors
