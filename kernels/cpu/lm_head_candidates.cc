#include <algorithm>
#include <cmath>
#include <span>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_matrix.h"
#include "kernels/cpu/vocab_chunks.h"
#include "kernels/cpu/working_memory.h"
#include "kernels/merge.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

/// The logits of one row for ids [first_id, first_id + size()).
struct LogitRow {
  std::span<float> logits;
  std::int64_t first_id = 0;

  [[nodiscard]] bool holds(std::int64_t id) const {
    return id >= first_id && id < first_id + std::int64_t(logits.size());
  }
  [[nodiscard]] float& at(std::int64_t id) const { return logits[std::size_t(id - first_id)]; }
};

/// Takes some ids out of a row of logits and puts them back when it goes.
class Without {
 public:
  Without(LogitRow row, const std::int32_t* ids, int count) : row_(row) {
    const auto* const end = ids + count;
    const auto* const from = count == 0 ? end : std::lower_bound(ids, end, row.first_id);
    const auto* to = from;
    while (to != end && row.holds(*to)) ++to;
    ids_ = {from, to};
    for (const std::int32_t id : ids_) {
      saved_.push_back(row_.at(id));
      row_.at(id) = -HUGE_VALF;
    }
  }
  ~Without() {
    for (std::size_t i = ids_.size(); i-- > 0;) row_.at(ids_[i]) = saved_[i];
  }
  Without(const Without&) = delete;
  Without& operator=(const Without&) = delete;

 private:
  LogitRow row_;
  std::span<const std::int32_t> ids_;
  std::vector<float> saved_;
};

/// Takes the best id out of the first `count`; -1 and -inf if none may be chosen.
struct Best {
  std::int32_t token = -1;
  float logit = -HUGE_VALF;
};

Best best_of(const Kernels& kernels, const LogitRow& row, std::int64_t count) {
  const float logit = kernels.max(row.logits.data(), count);
  if (logit == -HUGE_VALF) return {};
  return {std::int32_t(row.first_id + kernels.find(row.logits.data(), count, logit)), logit};
}

CandidateStats stats_of(const Kernels& kernels, const LogitRow& row, const LogitRules& rules) {
  CandidateStats stats = no_candidates();
  const auto size = std::int64_t(row.logits.size());
  {
    const Without never(row, rules.never_chosen, rules.num_never_chosen);
    const std::int64_t count =
        std::clamp<std::int64_t>(rules.choosable_end - row.first_id, 0, size);
    const Best first = best_of(kernels, row, count);
    stats.token = first.token;
    stats.logit = first.logit;
    if (first.token >= 0) {
      const Without chosen(row, &first.token, 1);
      const Best second = best_of(kernels, row, count);
      stats.runner_up = second.token;
      stats.runner_up_logit = second.logit;
    }
  }
  const Without left_out(row, rules.not_in_confidence, rules.num_not_in_confidence);
  stats.max = kernels.max(row.logits.data(), size);
  const ExpSums sums = kernels.exp_sums(row.logits.data(), size, stats.max);
  stats.sum_exp = sums.sum;
  stats.sum_x_exp = sums.sum_x;
  return stats;
}

/// Copies the wanted logits of row `i` that lie in this piece of the vocabulary.
void copy_wanted(const LogitRow& row, const LmHeadCandidates& op, int i) {
  if (op.present != nullptr && row.holds(op.present[i])) {
    op.present_logits[i] = row.at(op.present[i]);
  }
  if (op.listed_offsets == nullptr) return;
  for (int j = op.listed_offsets[i]; j < op.listed_offsets[i + 1]; ++j) {
    if (row.holds(op.listed_tokens[j])) op.listed_logits[j] = row.at(op.listed_tokens[j]);
  }
}

void clear_wanted(const LmHeadCandidates& op) {
  if (op.present != nullptr) std::fill_n(op.present_logits, op.x.rows, -HUGE_VALF);
  if (op.listed_offsets == nullptr) return;
  std::fill(op.listed_logits + op.listed_offsets[0],
            op.listed_logits + op.listed_offsets[op.x.rows], -HUGE_VALF);
}

/// Chunks in order within each share, the shares by tree.
CandidateStats merge_chunks(std::span<const VocabChunk> chunks, int num_shares,
                            const CandidateStats* parts, std::size_t stride) {
  std::array<CandidateStats, kNumShares> shares;
  shares.fill(no_candidates());
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    CandidateStats& share = shares[std::size_t(chunks[c].share)];
    share = merged(share, parts[c * stride]);
  }
  for (int width = num_shares / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) {
      shares[std::size_t(i)] = merged(shares[std::size_t(2 * i)], shares[std::size_t(2 * i + 1)]);
    }
  }
  return shares[0];
}

}  // namespace

void CpuBackend::compute(const LmHeadCandidates& op) {
  const Panels& weights = panels_of(op.head);
  const std::vector<VocabChunk> chunks = chunks_of(op.vocab_shares);
  clear_wanted(op);
  for (int first = 0; first < op.x.rows; first += kMaxDecodedRows) {
    const int num_rows = std::min(kMaxDecodedRows, op.x.rows - first);
    const Tensor rows = rows_of(op.x, first, num_rows);
    const RowBlocks blocks{num_rows, kernels_.max_height};
    const std::byte* const packed = pack_rows(rows, weights, blocks);
    auto* const parts = intermediate_.take<CandidateStats>(chunks.size() * std::size_t(num_rows));
    pool_.run(int(chunks.size()), [&](int task, int thread) {
      const VocabChunk& chunk = chunks[std::size_t(task)];
      constexpr int kStride = VocabChunk::kMaxIds + kPanelCols;
      float* const logits =
          thread_scratch_[std::size_t(thread)].take<float>(std::size_t(num_rows) * kStride);
      multiply(kernels_, blocks, packed, weights, chunk.first_col(), chunk.num_cols(), logits,
               kStride);
      for (int i = 0; i < num_rows; ++i) {
        const LogitRow row{{logits + std::int64_t{i} * kStride + chunk.skipped(),
                            std::size_t(chunk.end - chunk.begin)},
                           std::int64_t{op.first_token} + chunk.begin};
        copy_wanted(row, op, first + i);
        if (op.logits != nullptr) {
          std::ranges::copy(row.logits, op.logits + (first + i) * op.head.rows() + chunk.begin);
        }
        const LogitRules& rules = op.rules[op.rules_of_row[first + i]];
        parts[std::size_t(task * num_rows + i)] = stats_of(kernels_, row, rules);
      }
    });
    const int grain = grain_of(std::int64_t(chunks.size()) * 64);
    pool_.run_ranges(num_rows, grain, [&](int begin, int end, int) {
      for (int i = begin; i < end; ++i) {
        op.out[first + i] =
            merge_chunks(chunks, op.vocab_shares.count, parts + i, std::size_t(num_rows));
      }
    });
  }
}

}  // namespace unmask::kernels
