#include <array>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/draw.h"

namespace unmask::kernels {
namespace {

/// The logits of one row, in parts.
class DrawRow {
 public:
  DrawRow(const DrawTokens& op, int row) : op_(op), row_(row) {}

  /// visit(id, logit) in order of ids.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (int part = 0; part < op_.num_parts; ++part) {
      const std::int32_t begin = op_.first_token[std::size_t(part)];
      const std::int32_t end = op_.first_token[std::size_t(part) + 1];
      float* const logits =
          op_.logits + part * op_.part_stride + std::int64_t{row_} * (end - begin);
      for (std::int32_t id = begin; id < end; ++id) visit(id, logits[id - begin]);
    }
  }

 private:
  const DrawTokens& op_;
  const int row_;
};

/// What may not be chosen becomes -inf. Returns the largest of the rest.
float leave_out(const DrawRow& row, const LogitRules& rules) {
  float max = -HUGE_VALF;
  int next = 0;
  row.for_each([&](std::int32_t id, float& logit) {
    while (next < rules.num_never_chosen && rules.never_chosen[next] < id) ++next;
    const bool is_never = next < rules.num_never_chosen && rules.never_chosen[next] == id;
    if (is_never || id >= rules.choosable_end) logit = -HUGE_VALF;
    max = std::max(max, logit);
  });
  return max;
}

/// The largest key from which on the row's logits weigh `wanted` together; of keys from `lowest`
/// on.
template <class Weigh>
std::uint32_t find_key(const DrawRow& row, std::uint32_t lowest, std::uint64_t wanted,
                       const Weigh& weigh) {
  std::uint32_t found = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    std::array<std::uint64_t, 256> weights{};
    row.for_each([&](std::int32_t, float logit) {
      const std::uint32_t key = ordered_key(logit);
      const bool is_here = shift == 24 || key >> (shift + 8) == found;
      if (key >= lowest && is_here) weights[key >> shift & 255] += weigh(logit);
    });
    std::uint32_t digit = 255;
    while (digit > 0 && weights[digit] < wanted) wanted -= weights[digit--];
    found = found << 8 | digit;
  }
  return found;
}

/// Of the smallest logit that is kept.
std::uint32_t lowest_kept(const DrawRow& row, const DrawRules& rules, float max) {
  std::uint32_t lowest = kLowestKey + 1;
  const auto weigh = [&](float logit) { return weight_of(logit, max, rules.temperature); };
  std::uint64_t count = 0, total = 0;
  const auto take_sums = [&] {
    count = total = 0;
    row.for_each([&](std::int32_t, float logit) {
      if (ordered_key(logit) < lowest) return;
      ++count;
      if (rules.top_p < 1) total += weigh(logit);
    });
  };
  take_sums();
  if (rules.top_k > 0 && std::uint64_t(rules.top_k) < count) {
    lowest = find_key(row, lowest, std::uint64_t(rules.top_k), [](float) { return 1; });
    take_sums();
  }
  if (rules.top_p < 1) lowest = find_key(row, lowest, share_of(total, rules.top_p), weigh);
  return lowest;
}

Drawn draw(const DrawRow& row, const LogitRules& rules, std::int32_t position) {
  const float max = leave_out(row, rules);
  if (max == -HUGE_VALF) return {-1, max};
  const bool keeps_all = rules.draw.top_k == 0 && rules.draw.top_p >= 1;
  const std::uint32_t lowest = keeps_all ? kLowestKey + 1 : lowest_kept(row, rules.draw, max);
  DrawBits bits(rules.draw, position);
  Drawn drawn;
  double best = 0;
  row.for_each([&](std::int32_t id, float logit) {
    if (ordered_key(logit) < lowest) return;
    const double score = noisy(logit, rules.draw.temperature, bits.of(id));
    if (drawn.token >= 0 && score <= best) return;
    best = score;
    drawn = {id, logit};
  });
  return drawn;
}

}  // namespace

void CpuBackend::compute(const DrawTokens& op) {
  pool_.run_ranges(op.num_rows, 1, [&](int begin, int end, int) {
    for (int i = begin; i < end; ++i) {
      const LogitRules& rules = op.rules[op.rules_of_row[i]];
      op.out[i] =
          rules.draw.temperature > 0 ? draw(DrawRow(op, i), rules, op.positions[i]) : Drawn{};
    }
  });
}

}  // namespace unmask::kernels
