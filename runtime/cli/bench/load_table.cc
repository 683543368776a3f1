#include "runtime/cli/bench/load_table.h"

#include <cmath>
#include <cstdio>
#include <string_view>

#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kTableWidth = 50;

std::string ruled(std::string_view title, char rule) {
  const std::size_t left = (kTableWidth - title.size()) / 2;
  return std::string(left, rule) + std::string(title) +
         std::string(kTableWidth - title.size() - left, rule) + "\n";
}

std::string row(const std::string& label, const char* format, double value) {
  char text[80];
  std::snprintf(text, sizeof text, format, value);
  std::string line = label + std::string(label.size() < 40 ? 41 - label.size() : 1, ' ') + text;
  return line + "\n";
}

std::string count_row(const std::string& label, double value) { return row(label, "%.0f", value); }
std::string figure_row(const std::string& label, double value) { return row(label, "%.2f", value); }

struct Title {
  std::string_view section;
  std::string_view name;
};

Title title_of(Latency latency) {
  constexpr Title kTitles[] = {{"Queue Time", "Queue"},
                               {"Time to First Token", "TTFT"},
                               {"Inter-token Latency", "ITL"},
                               {"End-to-end Latency", "E2EL"}};
  return kTitles[std::size_t(latency)];
}

std::string latency_rows(const LoadFigures::Timed& timed) {
  const Title title = title_of(timed.latency);
  const std::string label = " " + std::string(title.name) + " (ms):";
  std::string text = ruled(title.section, '-') +
                     figure_row("Mean" + label, timed.milliseconds.mean) +
                     figure_row("Median" + label, timed.milliseconds.median);
  for (const auto& [percent, value] : timed.milliseconds.percentiles) {
    text += figure_row("P" + percent_name(percent) + label, value);
  }
  return text;
}

std::string diffusion_rows(const LoadFigures::Diffusion& diffusion) {
  std::string text = ruled("Diffusion Decoding", '-') +
                     figure_row("Committed throughput (tok/s):", diffusion.tokens_per_s) +
                     figure_row("Denoising steps per canvas:", diffusion.steps_per_canvas) +
                     figure_row("Committed per denoising step:", diffusion.tokens_per_step) +
                     count_row("Committed tokens:", double(diffusion.tokens)) +
                     count_row("Denoising steps:", double(diffusion.steps));
  if (diffusion.positions) text += count_row("Canvas positions evaluated:", *diffusion.positions);
  return text;
}

}  // namespace

std::string load_table(const LoadRun& run) {
  const LoadFigures& figures = run.figures;
  std::string text = ruled(" Serving Benchmark Result ", '=') +
                     count_row("Successful requests:", double(figures.num_good)) +
                     count_row("Failed requests:", double(figures.num_failed));
  if (run.is_interrupted) {
    text += count_row("Cancelled requests:", double(run.num_cancelled));
  }
  if (run.max_concurrency > 0) {
    text += count_row("Maximum request concurrency:", double(run.max_concurrency));
  }
  if (!std::isinf(run.rate)) text += figure_row("Request rate configured (RPS):", run.rate);
  text += figure_row("Benchmark duration (s):", figures.duration_s) +
          count_row("Total input tokens:", double(figures.prompt_tokens)) +
          count_row("Total generated tokens:", double(figures.tokens)) +
          figure_row("Request throughput (req/s):", figures.requests_per_s);
  if (figures.good_requests_per_s) {
    text += figure_row("Request goodput (req/s):", *figures.good_requests_per_s);
  }
  text += figure_row("Output token throughput (tok/s):", figures.tokens_per_s) +
          figure_row("Peak output token throughput (tok/s):", figures.peak_tokens_per_s) +
          figure_row("Peak concurrent requests:", double(figures.peak_in_flight)) +
          figure_row("Total token throughput (tok/s):", figures.all_tokens_per_s);
  for (const LoadFigures::Timed& timed : figures.latencies) text += latency_rows(timed);
  if (figures.diffusion) text += diffusion_rows(*figures.diffusion);
  text += ruled("", '=');
  for (const auto& [reason, count] : figures.failures) {
    text += "failed " + std::to_string(count) + (count == 1 ? " time: " : " times: ") +
            printable(reason) + "\n";
  }
  return text;
}

}  // namespace unmask::cli
