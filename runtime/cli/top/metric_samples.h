#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace unmask::cli {

/// One line of a process's /metrics.
struct MetricSample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

/// The samples of Prometheus' text format; comments, and lines that are none, are left out.
///
/// Source  prometheus.io/docs/instrumenting/exposition_formats, "Text-based format"
[[nodiscard]] std::vector<MetricSample> parse_metrics(std::string_view text);

/// Of all samples of that name; 0 if there are none.
[[nodiscard]] double sum_of(const std::vector<MetricSample>& samples, std::string_view name);

}  // namespace unmask::cli
