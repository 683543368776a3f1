#include <algorithm>
#include <cmath>
#include <cstdio>

#include "model/diffusion/trace.h"

namespace unmask::diffusion {
namespace {

std::string shown(std::int32_t number) { return std::to_string(number); }
std::string shown(const std::string& text) { return text; }
std::string shown(Range range) { return "[" + shown(range.begin) + ", " + shown(range.end) + ")"; }
std::string shown(const Edit& edit) {
  return "[" + shown(edit.position) + ", " + shown(edit.token) + "]";
}
std::string shown(const TraceCandidate& candidate) {
  char confidence[32];
  std::snprintf(confidence, sizeof confidence, "%.6g", candidate.confidence);
  return "[" + shown(candidate.position) + ", " + shown(candidate.token) + ", " + confidence + "]";
}

std::string shown(double number) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.6g", number);
  return digits;
}

bool is_same(double a, double b) { return std::abs(a - b) <= kTraceTolerance; }
bool is_same(const TraceCandidate& a, const TraceCandidate& b) {
  // A confidence that is no number is never the same.
  return a.position == b.position && a.token == b.token &&
         std::abs(a.confidence - b.confidence) <= kTraceTolerance;
}
template <typename Value>
bool is_same(const Value& a, const Value& b) {
  return a == b;
}

using Difference = std::optional<std::string>;

template <typename Value>
Difference diff_value(const std::string& what, const Value& a, const Value& b) {
  if (is_same(a, b)) return std::nullopt;
  return what + ": " + shown(a) + " and " + shown(b);
}

template <typename Value>
Difference diff_list(const std::string& what, const std::vector<Value>& a,
                     const std::vector<Value>& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const std::string where = what + " " + std::to_string(i);
    if (auto difference = diff_value(where, a[i], b[i])) return difference;
  }
  if (a.size() == b.size()) return std::nullopt;
  const auto& longer = a.size() > b.size() ? a : b;
  const std::size_t first = std::min(a.size(), b.size());
  return what + " " + std::to_string(first) + ": " + shown(longer[first]) + " stands only in the " +
         (a.size() > b.size() ? "first" : "second");
}

Difference diff_iteration(const TraceIteration& a, const TraceIteration& b) {
  if (auto difference = diff_value("kind", a.kind, b.kind)) return difference;
  if (auto difference = diff_value("block", a.block, b.block)) return difference;
  if (auto difference = diff_value("window", a.window, b.window)) return difference;
  if (auto difference = diff_list("candidate", a.candidates, b.candidates)) return difference;
  if (auto difference = diff_list("edit", a.edits, b.edits)) return difference;
  if (!a.mix_window || !b.mix_window) return std::nullopt;
  if (a.threshold && b.threshold) {  // not every strategy has one
    if (auto difference = diff_value("threshold", *a.threshold, *b.threshold)) return difference;
  }
  if (auto difference =
          diff_value("mix_weight", a.mix_weight.value_or(0), b.mix_weight.value_or(0)))
    return difference;
  return diff_value("mix_window", *a.mix_window, *b.mix_window);
}

}  // namespace

std::optional<std::string> trace_diff(const Trace& a, const Trace& b) {
  for (std::size_t i = 0; i < std::min(a.iterations.size(), b.iterations.size()); ++i) {
    if (auto difference = diff_iteration(a.iterations[i], b.iterations[i])) {
      return "iteration " + std::to_string(i) + ", " + *difference;
    }
  }
  if (a.iterations.size() != b.iterations.size()) {
    return "number of iterations: " + std::to_string(a.iterations.size()) + " and " +
           std::to_string(b.iterations.size());
  }
  if (auto difference = diff_list("final, position", a.final_tokens, b.final_tokens)) {
    return difference;
  }
  if (auto difference = diff_list("canvas, position", a.canvas, b.canvas)) return difference;
  return diff_value("forwards", a.forwards, b.forwards);
}

}  // namespace unmask::diffusion
