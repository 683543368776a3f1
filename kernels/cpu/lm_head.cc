#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/numeric.h"
#include "kernels/cpu/weights.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

CandidateStats nothing() {
  CandidateStats stats;
  stats.max = stats.logit = stats.runner_up_logit = -INFINITY;
  return stats;
}

void offer(CandidateStats& stats, std::int32_t token, float logit) {
  if (token < 0) return;
  const auto beats = [&](std::int32_t other, float other_logit) {
    return other < 0 || logit > other_logit || (logit == other_logit && token < other);
  };
  if (beats(stats.token, stats.logit)) {
    stats.runner_up = stats.token;
    stats.runner_up_logit = stats.logit;
    stats.token = token;
    stats.logit = logit;
  } else if (beats(stats.runner_up, stats.runner_up_logit)) {
    stats.runner_up = token;
    stats.runner_up_logit = logit;
  }
}

bool holds(const std::int32_t* ids, int count, std::int32_t id) {
  return std::binary_search(ids, ids + count, id);
}

/// Statistics of the ids [begin, end) whose logits are given, in one pass each.
CandidateStats stats_of(const float* logits, std::int32_t begin, std::int32_t end,
                        const LogitRules& rules) {
  CandidateStats stats = nothing();
  const auto counts = [&](std::int32_t id) {
    return !holds(rules.not_in_confidence, rules.num_not_in_confidence, id);
  };
  for (std::int32_t id = begin; id < end; ++id) {
    const float logit = logits[id - begin];
    if (counts(id)) stats.max = std::max(stats.max, logit);
    const bool is_choosable =
        id < rules.choosable_end && !holds(rules.never_chosen, rules.num_never_chosen, id);
    if (is_choosable) offer(stats, id, logit);
    if (std::isnan(logit)) stats.max = logit;
  }
  if (!(stats.max > -INFINITY)) {
    if (std::isnan(stats.max)) stats.sum_exp = NAN;
    return stats;
  }
  for (std::int32_t id = begin; id < end; ++id) {
    if (!counts(id)) continue;
    const float x = logits[id - begin] - stats.max;
    const float e = std::exp(x);
    stats.sum_exp += e;
    if (e > 0) stats.sum_x_exp += x * e;
  }
  return stats;
}

CandidateStats merge(const CandidateStats& a, const CandidateStats& b) {
  CandidateStats merged = nothing();
  for (const CandidateStats* part : {&a, &b}) {
    offer(merged, part->token, part->logit);
    offer(merged, part->runner_up, part->runner_up_logit);
  }
  if (std::isnan(a.max) || std::isnan(b.max)) {
    merged.max = merged.sum_exp = NAN;
    return merged;
  }
  merged.max = std::max(a.max, b.max);
  for (const CandidateStats* part : {&a, &b}) {
    if (part->sum_exp == 0) continue;
    const float shift = part->max - merged.max, factor = std::exp(shift);
    merged.sum_exp += part->sum_exp * factor;
    merged.sum_x_exp += (part->sum_x_exp + shift * part->sum_exp) * factor;
  }
  return merged;
}

CandidateStats tree_merge(CandidateStats* parts, int count) {
  for (int step = 1; step < count; step *= 2) {
    for (int i = 0; i + step < count; i += 2 * step) parts[i] = merge(parts[i], parts[i + step]);
  }
  return parts[0];
}

const float* row_of(Tensor x, int i) {
  return static_cast<const float*>(x.data) + std::int64_t(i) * x.cols;
}

}  // namespace

void CpuBackend::lm_head_candidates(Tensor x, const PackedMatrix& head, ShareOffsets vocab_shares,
                                    std::int32_t first_token, const CandidateQuery& query,
                                    CandidateStats* out) {
  const auto& matrix = static_cast<const CpuMatrix&>(head);
  UNMASK_CHECK(vocab_shares.num_items() == matrix.rows() && x.cols == matrix.cols());
  std::vector<float> logits(static_cast<std::size_t>(matrix.rows()));
  const auto logit_of = [&](std::int32_t id) {
    const std::int64_t local = std::int64_t(id) - first_token;
    return local >= 0 && local < matrix.rows() ? logits[std::size_t(local)] : -INFINITY;
  };
  for (int i = 0; i < x.rows; ++i) {
    for (int v = 0; v < matrix.rows(); ++v) {
      logits[std::size_t(v)] = dot(row_of(x, i), matrix.row(v), x.cols);
    }
    const LogitRules& rules = query.rules[std::size_t(query.rules_of_row[i])];
    CandidateStats parts[kNumShares];
    for (int s = 0; s < vocab_shares.count; ++s) {
      const std::int64_t begin = vocab_shares.offset[std::size_t(s)];
      const std::int64_t end = vocab_shares.offset[std::size_t(s) + 1];
      parts[s] = stats_of(logits.data() + begin, first_token + std::int32_t(begin),
                          first_token + std::int32_t(end), rules);
    }
    out[i] = tree_merge(parts, vocab_shares.count);
    if (query.present != nullptr) query.present_logits[i] = logit_of(query.present[i]);
    if (query.listed_offsets == nullptr) continue;
    for (int l = query.listed_offsets[i]; l < query.listed_offsets[i + 1]; ++l) {
      query.listed_logits[l] = logit_of(query.listed_tokens[l]);
    }
  }
}

void CpuBackend::merge_candidates(const CandidateStats* parts, int num_parts, int num_rows,
                                  CandidateStats* out) {
  UNMASK_CHECK(num_parts >= 1 && num_parts <= kNumShares);
  for (int i = 0; i < num_rows; ++i) {
    CandidateStats row[kNumShares];
    for (int p = 0; p < num_parts; ++p) row[p] = parts[std::int64_t(p) * num_rows + i];
    out[i] = tree_merge(row, num_parts);
  }
}

void CpuBackend::mix_embeddings(Tensor x, const PackedMatrix& head, Tensor table,
                                ShareOffsets vocab_shares, const float* log_sum_exp, Tensor out) {
  const auto& matrix = static_cast<const CpuMatrix&>(head);
  UNMASK_CHECK(table.rows == matrix.rows() && table.cols == out.cols);
  const auto cols = std::size_t(out.cols);
  std::vector<float> parts(kNumShares * cols);
  for (int i = 0; i < x.rows; ++i) {
    std::ranges::fill(parts, 0.0f);
    for (int s = 0; s < vocab_shares.count; ++s) {
      float* part = parts.data() + std::size_t(s) * cols;
      for (std::int64_t v = vocab_shares.offset[std::size_t(s)];
           v < vocab_shares.offset[std::size_t(s) + 1]; ++v) {
        const float p = std::exp(dot(row_of(x, i), matrix.row(int(v)), x.cols) - log_sum_exp[i]);
        for (std::size_t j = 0; j < cols; ++j) {
          part[j] += p * load(table.data, table.dtype, std::size_t(v) * cols + j);
        }
      }
    }
    float* to = static_cast<float*>(out.data) + std::size_t(i) * cols;
    for (std::size_t j = 0; j < cols; ++j) {
      float values[kNumShares];
      for (int s = 0; s < vocab_shares.count; ++s) values[s] = parts[std::size_t(s) * cols + j];
      to[j] = tree_sum(values, vocab_shares.count);
    }
  }
}

}  // namespace unmask::kernels
