#include "runtime/cli/bench/load_comparison.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <span>
#include <string_view>

#include "runtime/cli/text/number.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

constexpr double kEqualMs = 1;

/// Of these more is better; of everything else that is compared, less.
constexpr std::string_view kMoreIsBetter[] = {
    "request_throughput",          "request_goodput",         "output_throughput",
    "total_token_throughput",      "max_output_tokens_per_s", "diffusion_committed_throughput",
    "diffusion_committed_per_step"};
constexpr std::string_view kLessIsBetter[] = {"failed", "diffusion_steps_per_canvas"};
/// What should be alike.
constexpr std::string_view kAsked[] = {"num_prompts", "num_warmups",     "request_rate",
                                       "burstiness",  "max_concurrency", "seed",
                                       "dataset",     "goodput",         "parameters"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

Result<json::object> run_of(const std::string& text, const std::string& name) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object() || !value.get_object().contains("request_throughput")) {
    return invalid(name + " is no run that `unmask bench serve --output` wrote");
  }
  return std::move(value.get_object());
}

bool is_worse(const ComparedFigure& figure, double tolerance) {
  const bool is_time = figure.name.ends_with("_ms");
  if (is_time && std::abs(figure.after - figure.before) < kEqualMs) return false;
  return is_one_of(figure.name, kMoreIsBetter) ? figure.after < figure.before * (1 - tolerance)
                                               : figure.after > figure.before * (1 + tolerance);
}

void remark_on(const json::object& run, const std::string& name, LoadComparison& comparison) {
  const json::value* interrupted = run.if_contains("interrupted");
  if (interrupted != nullptr && *interrupted == json::value(true)) {
    comparison.remarks.push_back(name + " was interrupted");
  }
}

std::string row(const ComparedFigure& figure) {
  char text[160];
  char ratio[32] = "-";
  if (figure.before != 0) std::snprintf(ratio, sizeof ratio, "%.3f", figure.after / figure.before);
  std::snprintf(text, sizeof text, "%-32s %12.2f %12.2f %8s%s\n", figure.name.c_str(),
                figure.before, figure.after, ratio, figure.is_worse ? "  worse" : "");
  return text;
}

}  // namespace

Result<LoadComparison> compare_loads(const std::string& before, const std::string& after,
                                     double tolerance) {
  const Result<json::object> first = run_of(before, "the first run");
  if (!first) return first.error();
  const Result<json::object> second = run_of(after, "the second run");
  if (!second) return second.error();
  LoadComparison comparison;
  for (const auto& [key, value] : *first) {
    const std::string name(key);
    const json::value* other = second->if_contains(key);
    const bool is_compared =
        name.ends_with("_ms") || is_one_of(name, kMoreIsBetter) || is_one_of(name, kLessIsBetter);
    if (!is_compared || other == nullptr || !value.is_number() || !other->is_number()) continue;
    ComparedFigure figure{name, value.to_number<double>(), other->to_number<double>()};
    figure.is_worse = is_worse(figure, tolerance);
    comparison.figures.push_back(std::move(figure));
  }
  for (const std::string_view name : kAsked) {
    const json::value *one = first->if_contains(name), *other = second->if_contains(name);
    if (one != nullptr && other != nullptr && *one == *other) continue;
    comparison.remarks.push_back("the runs differ in " + std::string(name));
  }
  remark_on(*first, "the first run", comparison);
  remark_on(*second, "the second run", comparison);
  return comparison;
}

std::string to_text(const LoadComparison& comparison, double tolerance) {
  char head[160];
  std::snprintf(head, sizeof head, "%-32s %12s %12s %8s\n", "figure", "first", "second", "ratio");
  std::string text = head, worse;
  for (const ComparedFigure& figure : comparison.figures) {
    text += row(figure);
    if (figure.is_worse) worse += (worse.empty() ? "" : ", ") + figure.name;
  }
  for (const std::string& remark : comparison.remarks) text += "note: " + remark + "\n";
  const std::string by = " by more than " + short_number(tolerance * 100) + " %\n";
  return text + (worse.empty() ? "nothing is worse" : "the second run is worse in " + worse) + by;
}

}  // namespace unmask::cli
