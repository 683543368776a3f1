#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/unit/kernels/device.h"

namespace unmask::kernels {

/// A ragged batch on the host.
struct Batch {
  HeadShape heads;
  std::vector<std::int32_t> kv_head_of_head;
  std::vector<std::int32_t> row_offsets{0}, run_offsets{0}, key_limit{};
  std::vector<KvRun> runs{};

  /// One more sequence: its keys, and how many of them each of its rows sees.
  void add(const std::vector<KvRun>& keys, const std::vector<std::int32_t>& limits) {
    runs.insert(runs.end(), keys.begin(), keys.end());
    run_offsets.push_back(std::int32_t(runs.size()));
    key_limit.insert(key_limit.end(), limits.begin(), limits.end());
    row_offsets.push_back(std::int32_t(key_limit.size()));
  }
  [[nodiscard]] int num_rows() const { return row_offsets.back(); }
  [[nodiscard]] int qkv_cols() const {
    return (heads.num_heads + 2 * heads.num_kv_heads) * heads.head_dim;
  }
  [[nodiscard]] int kv_cols() const { return heads.num_kv_heads * heads.head_dim; }

  Matrix run(Backend& backend, const Matrix& qkv, const Matrix& keys, const Matrix& values,
             DType dtype = DType::kF32, DType kv_dtype = DType::kF32) const {
    const Array<std::int32_t> rows(backend, row_offsets), run_begin(backend, run_offsets);
    const Array<std::int32_t> limits(backend, key_limit), kv_heads(backend, kv_head_of_head);
    const Array<KvRun> all_runs(backend, runs);
    const AttentionPlan plan{int(row_offsets.size()) - 1,
                             rows.data(),
                             run_begin.data(),
                             all_runs.data(),
                             kv_heads.data(),
                             limits.data()};
    const DeviceMatrix in(backend, qkv, dtype), k(backend, keys, kv_dtype);
    const DeviceMatrix v(backend, values, kv_dtype);
    const DeviceMatrix out(backend, num_rows(), heads.num_heads * heads.head_dim, dtype);
    backend.run(Attention{.qkv = in.view(),
                          .heads = heads,
                          .kv = {k.view(), v.view()},
                          .plan = plan,
                          .out = out.view()});
    return out.read();
  }

  [[nodiscard]] std::vector<int> slots_of(int sequence) const {
    std::vector<int> slots;
    for (int r = run_offsets[std::size_t(sequence)]; r < run_offsets[std::size_t(sequence) + 1];
         ++r) {
      const KvRun& run = runs[std::size_t(r)];
      for (int i = 0; i < run.num_slots; ++i) slots.push_back(run.first_slot + i);
    }
    return slots;
  }

  /// One head of one row.
  void attend(const Matrix& qkv, const Matrix& keys, const Matrix& values, int row, int head,
              const std::vector<int>& slots, std::vector<double>& out) const {
    const int dim = heads.head_dim, first = kv_head_of_head[std::size_t(head)] * dim;
    std::vector<double> sum(std::size_t(dim), 0.0);
    double total = 0;
    for (int k = 0; k < key_limit[std::size_t(row)]; ++k) {
      const int slot = slots[std::size_t(k)];
      double score = 0;
      for (int d = 0; d < dim; ++d) {
        score += double(qkv.at(row, head * dim + d)) * double(keys.at(slot, first + d));
      }
      const double weight = std::exp(score / std::sqrt(double(dim)));
      total += weight;
      for (int d = 0; d < dim; ++d) sum[std::size_t(d)] += weight * values.at(slot, first + d);
    }
    for (const double value : sum) out.push_back(total > 0 ? value / total : 0.0);
  }

  [[nodiscard]] std::vector<double> reference(const Matrix& qkv, const Matrix& keys,
                                              const Matrix& values) const {
    std::vector<double> out;
    for (int s = 0; s + 1 < int(row_offsets.size()); ++s) {
      for (int i = row_offsets[std::size_t(s)]; i < row_offsets[std::size_t(s) + 1]; ++i) {
        for (int h = 0; h < heads.num_heads; ++h) attend(qkv, keys, values, i, h, slots_of(s), out);
      }
    }
    return out;
  }
};

inline Batch ragged_batch(HeadShape heads, std::vector<std::int32_t> kv_head_of_head) {
  Batch batch{heads, std::move(kv_head_of_head)};
  batch.add({{3, 5}, {40, 1}, {20, 13}}, {19, 19, 1, 0, 7, 16});
  batch.add({{60, 1}}, {1});
  batch.add({}, {0, 0});
  batch.add({{0, 33}, {50, 50}}, std::vector<std::int32_t>(70, 83));
  batch.add({{7, 3}}, {});
  return batch;
}

}  // namespace unmask::kernels
