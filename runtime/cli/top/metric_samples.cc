#include "runtime/cli/top/metric_samples.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace unmask::cli {
namespace {

/// Up to the quote that ends it, which it takes off `text`, too; nothing if none does.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    const bool is_escape = text[i] == '\\' && i + 1 < text.size();
    if (is_escape) ++i;
    value += is_escape && text[i] == 'n' ? '\n' : text[i];
  }
  return std::nullopt;
}

/// Behind the brace, to the one that ends them.
bool take_labels(std::string_view& text, std::map<std::string, std::string>& labels) {
  while (!text.empty() && text.front() != '}') {
    const std::size_t equals = text.find("=\"");
    if (equals == std::string_view::npos) return false;
    const std::string name(text.substr(0, equals));
    text.remove_prefix(equals + 2);
    std::optional<std::string> value = take_quoted(text);
    if (!value) return false;
    labels[name] = std::move(*value);
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  if (text.empty()) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<MetricSample> sample_of(std::string_view line) {
  MetricSample sample;
  const std::size_t end = line.find_first_of("{ ");
  if (line.starts_with('#') || end == 0 || end == std::string_view::npos) return std::nullopt;
  sample.name = line.substr(0, end);
  line.remove_prefix(end);
  if (line.starts_with('{')) {
    line.remove_prefix(1);
    if (!take_labels(line, sample.labels)) return std::nullopt;
  }
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto [stopped, error] =
      std::from_chars(line.data(), line.data() + line.size(), sample.value);
  if (error != std::errc{}) return std::nullopt;
  return sample;
}

}  // namespace

std::vector<MetricSample> parse_metrics(std::string_view text) {
  std::vector<MetricSample> samples;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (auto sample = sample_of(line)) samples.push_back(std::move(*sample));
  }
  return samples;
}

double sum_of(const std::vector<MetricSample>& samples, std::string_view name) {
  double sum = 0;
  for (const MetricSample& sample : samples) sum += sample.name == name ? sample.value : 0;
  return sum;
}

}  // namespace unmask::cli
