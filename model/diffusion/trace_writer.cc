#include <algorithm>
#include <cmath>
#include <cstdio>

#include "model/diffusion/trace_file.h"

namespace unmask::diffusion {
namespace {

std::string json_of(Range range) {
  return "[" + std::to_string(range.begin) + "," + std::to_string(range.end) + "]";
}

std::string json_of(std::optional<Range> range) { return range ? json_of(*range) : "null"; }

/// JSON knows no infinity.
std::string json_of(double number) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.6g", std::isfinite(number) ? number : 1e300);
  return digits;
}

template <typename Item, typename Show>
std::string list_of(const std::vector<Item>& items, Show show) {
  std::string text = "[";
  for (const Item& item : items) {
    if (text.size() > 1) text += ",";
    text += show(item);
  }
  return text + "]";
}

std::string list_of(const std::vector<std::int32_t>& numbers) {
  return list_of(numbers, [](std::int32_t number) { return std::to_string(number); });
}

std::string line_of(const TraceIteration& iteration) {
  std::string text = R"({"kind":")" + iteration.kind + R"(","block":)" + json_of(iteration.block) +
                     R"(,"window":)" + json_of(iteration.window) + R"(,"kv":)" +
                     std::to_string(iteration.kv) + R"(,"kv_write":)" +
                     json_of(iteration.kv_write) + R"(,"kv_persist":)" +
                     (iteration.kv_persist ? "true" : "false") + R"(,"input":")" + iteration.input +
                     R"(","edits":)";
  text += list_of(iteration.edits, [](const Edit& edit) {
    return json_of(Range{edit.position, edit.token});
  });
  text += R"(,"candidates":)";
  text += list_of(iteration.candidates, [](const TraceCandidate& candidate) {
    return "[" + std::to_string(candidate.position) + "," + std::to_string(candidate.token) + "," +
           json_of(candidate.confidence) + "]";
  });
  if (iteration.mix_window) {
    if (iteration.threshold) text += R"(,"threshold":)" + json_of(*iteration.threshold);
    text += R"(,"mix_weight":)" + json_of(iteration.mix_weight.value_or(0)) + R"(,"mix_window":)" +
            json_of(*iteration.mix_window);
  }
  if (iteration.eos_fill) text += R"(,"eos_fill":)" + json_of(*iteration.eos_fill);
  return text + "}";
}

}  // namespace

std::string write_trace(const TraceJob& job, const Trace& trace) {
  std::string text = job.source;
  text.pop_back();  // the closing brace
  if (text.size() > 1) text += ",";
  const auto num_refreshes = std::ranges::count(trace.iterations, "refresh", &TraceIteration::kind);
  text += R"("reference":"unmask","final":)" + list_of(trace.final_tokens) + R"(,"canvas":)" +
          list_of(trace.canvas) + R"(,"forwards":)" + std::to_string(trace.forwards) +
          R"(,"cache_updates":)" + std::to_string(num_refreshes) + ",\n\"iterations\":[";
  const char* separator = "\n ";
  for (const TraceIteration& iteration : trace.iterations) {
    text += separator + line_of(iteration);
    separator = ",\n ";
  }
  return text + "]}\n";
}

}  // namespace unmask::diffusion
