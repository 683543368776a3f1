#include "runtime/cli/bench/goodput.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "runtime/cli/text/number.h"

namespace unmask::cli {
namespace {

constexpr Latency kLatencies[] = {Latency::kQueue, Latency::kFirstBlock, Latency::kBlockInterval,
                                  Latency::kJob};

Result<Objective> parse_objective(const std::string& text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string name = text.substr(0, colon);
  // A first token comes with its block, and so do the others.
  const std::string_view wanted = name == "ttfb"  ? "ttft"
                                  : name == "ibl" ? "itl"
                                                  : std::string_view(name);
  const auto* found = std::ranges::find(kLatencies, wanted, short_name_of);
  if (found == std::end(kLatencies) || colon == text.size()) {
    return invalid("'" + text + "' is no objective: ttft:200, e2el:3000, itl:100 or queue:50");
  }
  const Result<double> max_ms =
      parse_number(text.substr(colon + 1), 0, std::numeric_limits<double>::infinity());
  if (!max_ms) return max_ms.error();
  return Objective{*found, *max_ms};
}

}  // namespace

std::string_view short_name_of(Latency latency) {
  constexpr std::string_view kNames[] = {"queue", "ttft", "itl", "e2el"};
  return kNames[std::size_t(latency)];
}

std::vector<double> latencies_of(const RequestRecord& record, Latency latency) {
  std::vector<double> values;
  switch (latency) {
    case Latency::kQueue:
      if (record.end.queue_s) values.push_back(*record.end.queue_s * 1e3);
      break;
    case Latency::kFirstBlock:
      if (const auto first = record.first_block_s()) values.push_back(*first * 1e3);
      break;
    case Latency::kBlockInterval:
      for (std::size_t i = 1; i < record.block_s.size(); ++i) {
        values.push_back((record.block_s[i] - record.block_s[i - 1]) * 1e3);
      }
      break;
    case Latency::kJob:
      values.push_back((record.end_s - record.start_s) * 1e3);
      break;
  }
  return values;
}

Result<std::vector<Objective>> parse_goodput(const std::string& text) {
  std::vector<Objective> objectives;
  std::size_t begin = 0;
  while ((begin = text.find_first_not_of(" ,", begin)) != std::string::npos) {
    const std::size_t end = std::min(text.find_first_of(" ,", begin), text.size());
    const Result<Objective> objective = parse_objective(text.substr(begin, end - begin));
    if (!objective) return objective.error();
    objectives.push_back(*objective);
    begin = end;
  }
  if (objectives.empty()) return invalid("names no objective; ttft:200 is one, in milliseconds");
  return objectives;
}

bool keeps(const RequestRecord& record, const std::vector<Objective>& objectives) {
  if (!record.is_good()) return false;
  return std::ranges::all_of(objectives, [&](const Objective& objective) {
    const std::vector<double> values = latencies_of(record, objective.latency);
    if (values.empty()) return objective.latency == Latency::kBlockInterval;
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    return sum / double(values.size()) <= objective.max_ms;
  });
}

}  // namespace unmask::cli
