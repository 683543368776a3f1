#include "runtime/cli/bench/load_figures.h"

#include <algorithm>
#include <cmath>

namespace unmask::cli {
namespace {

double quotient(double value, double by) { return by > 0 ? value / by : 0; }

double load_seconds(std::span<const RequestRecord> records) {
  if (records.empty()) return 0;
  const double begin = std::ranges::min(records, {}, &RequestRecord::start_s).start_s;
  return std::ranges::max(records, {}, &RequestRecord::end_s).end_s - begin;
}

std::size_t peak_in_flight(std::span<const RequestRecord> records) {
  std::vector<std::pair<double, int>> changes;  // an end comes before a beginning of the same time
  for (const RequestRecord& record : records) {
    changes.emplace_back(record.start_s, 1);
    changes.emplace_back(record.end_s, -1);
  }
  std::ranges::sort(changes);
  int now = 0, peak = 0;
  for (const auto& change : changes) peak = std::max(peak, now += change.second);
  return std::size_t(peak);
}

double peak_tokens(std::span<const RequestRecord> records) {
  std::map<std::int64_t, double> tokens;  // by second
  double peak = 0;
  for (const RequestRecord& record : records) {
    if (!record.is_good()) continue;
    const double each = quotient(double(record.end.tokens), double(record.block_s.size()));
    for (const double time : record.block_s) {
      peak = std::max(peak, tokens[std::int64_t(std::floor(time))] += each);
    }
  }
  return peak;
}

std::vector<LoadFigures::Timed> timed(std::span<const RequestRecord> records,
                                      std::span<const double> percents) {
  std::vector<LoadFigures::Timed> all;
  for (const Latency latency :
       {Latency::kQueue, Latency::kFirstBlock, Latency::kBlockInterval, Latency::kJob}) {
    std::vector<double> values;
    for (const RequestRecord& record : records) {
      if (!record.is_good()) continue;
      const std::vector<double> its = latencies_of(record, latency);
      values.insert(values.end(), its.begin(), its.end());
    }
    if (auto spread = distribution_of(std::move(values), percents)) {
      all.push_back({latency, std::move(*spread)});
    }
  }
  return all;
}

std::optional<LoadFigures::Diffusion> diffusion_of(std::span<const RequestRecord> records,
                                                   double seconds) {
  LoadFigures::Diffusion sum;
  std::int64_t blocks = 0;
  double positions = 0;
  bool has_positions = true;
  for (const RequestRecord& record : records) {
    if (!record.is_good() || record.end.forwards == 0) continue;
    sum.tokens += record.end.tokens;
    sum.steps += record.end.forwards;
    blocks += record.end.blocks;
    has_positions = has_positions && record.positions > 0;
    positions += double(record.end.forwards) *
                 quotient(double(record.positions), double(record.block_s.size()));
  }
  if (sum.steps == 0) return std::nullopt;
  sum.tokens_per_s = quotient(double(sum.tokens), seconds);
  sum.steps_per_canvas = quotient(double(sum.steps), double(blocks));
  sum.tokens_per_step = quotient(double(sum.tokens), double(sum.steps));
  if (has_positions) sum.positions = positions;
  return sum;
}

}  // namespace

LoadFigures figures_of(std::span<const RequestRecord> records, std::span<const double> percents,
                       const std::vector<Objective>& objectives) {
  LoadFigures figures;
  std::size_t num_kept = 0;
  for (const RequestRecord& record : records) {
    if (!record.is_good()) {
      ++figures.num_failed;
      ++figures.failures[record.end.failure];
      continue;
    }
    ++figures.num_good;
    figures.prompt_tokens += record.end.prompt_tokens;
    figures.tokens += record.end.tokens;
    if (keeps(record, objectives)) ++num_kept;
  }
  const double seconds = figures.duration_s = load_seconds(records);
  figures.requests_per_s = quotient(double(figures.num_good), seconds);
  if (!objectives.empty()) figures.good_requests_per_s = quotient(double(num_kept), seconds);
  figures.tokens_per_s = quotient(double(figures.tokens), seconds);
  figures.all_tokens_per_s = quotient(double(figures.tokens + figures.prompt_tokens), seconds);
  figures.peak_tokens_per_s = peak_tokens(records);
  figures.peak_in_flight = peak_in_flight(records);
  figures.latencies = timed(records, percents);
  figures.diffusion = diffusion_of(records, seconds);
  return figures;
}

}  // namespace unmask::cli
