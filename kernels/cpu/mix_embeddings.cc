#include <algorithm>
#include <cstring>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_matrix.h"
#include "kernels/cpu/working_memory.h"
#include "kernels/merge.h"

namespace unmask::kernels {
namespace {

/// Rows [begin, end) of the table as panels whose steps are the ids: [panel of columns][id][16].
void copy_panels(const Kernels& kernels, const Tensor& table, const VocabChunk& chunk, float* row,
                 float* to) {
  const std::int64_t cols = table.cols, num_ids = chunk.end - chunk.begin;
  for (std::int64_t id = 0; id < num_ids; ++id) {
    const std::int64_t at = (chunk.begin + id) * cols;
    const float* from = row;
    if (table.dtype == DType::kF32) {
      from = floats(table) + at;
    } else {
      kernels.widen_bf16(static_cast<const std::uint16_t*>(table.data) + at, cols, row);
    }
    for (std::int64_t col = 0; col < cols; col += kPanelCols) {
      float* const lanes = to + col * num_ids + id * kPanelCols;
      const std::int64_t count = std::min<std::int64_t>(kPanelCols, cols - col);
      std::memcpy(lanes, from + col, sizeof(float) * std::size_t(count));
      std::fill_n(lanes + count, kPanelCols - count, 0.0f);
    }
  }
}

}  // namespace

/// Some rows times one share of the vocabulary, chunk after chunk.
class CpuBackend::MixCall {
 public:
  MixCall(const Kernels& kernels, const Panels& weights, const Tensor& table, Scratch& scratch)
      : kernels_(kernels), weights_(weights), table_(table) {
    const std::size_t rows = kMaxMixedRows;
    const std::size_t padded = std::size_t(table.cols) + kPanelCols;
    logits_ = scratch.take<float>(num_mix_floats(table.cols));
    panels_ = logits_ + rows * kMixStride;
    table_row_ = panels_ + padded * VocabChunk::kMaxIds;
    probabilities_ = table_row_ + padded;
    product_ = probabilities_ + rows * VocabChunk::kMaxIds;
  }

  /// sums [blocks.num_rows, table.cols] += what `chunk` gives.
  void add(const VocabChunk& chunk, const RowBlocks& blocks, const std::byte* packed,
           const float* normalizers, float* sums) {
    kernels::multiply(kernels_, blocks, packed, weights_, chunk.first_col(), chunk.num_cols(),
                      logits_, kMixStride);
    copy_panels(kernels_, table_, chunk, table_row_, panels_);
    for (int block = 0; block < blocks.count(); ++block) {
      const int begin = blocks.begin(block), height = blocks.begin(block + 1) - begin;
      multiply_block(chunk, begin, height, normalizers);
    }
    kernels_.add_scaled(product_, 1.0f, std::int64_t{blocks.num_rows} * table_.cols, sums);
  }

 private:
  void multiply_block(const VocabChunk& chunk, int begin, int height, const float* normalizers) {
    const int num_ids = chunk.end - chunk.begin;
    Steps steps;
    steps.offset[1] = num_ids;
    for (int i = 0; i < height; ++i) {
      float* const row = logits_ + std::int64_t{begin + i} * kMixStride + chunk.skipped();
      kernels_.softmax_numerators(row, num_ids, normalizers[begin + i]);
      for (int id = 0; id < num_ids; ++id) probabilities_[id * height + i] = row[id];
    }
    kernels_.multiply_f32({.rows = probabilities_,
                           .height = height,
                           .panels = reinterpret_cast<const std::byte*>(panels_),
                           .panel_bytes = std::size_t(num_ids) * kStepBytes,
                           .steps = &steps,
                           .num_cols = table_.cols,
                           .out = product_ + std::int64_t{begin} * table_.cols,
                           .out_stride = table_.cols});
  }

  const Kernels& kernels_;
  const Panels& weights_;
  const Tensor& table_;
  float *logits_, *panels_, *table_row_, *probabilities_, *product_;
};

void CpuBackend::compute(const MixEmbeddings& op) {
  const Panels& weights = panels_of(op.head);
  const int num_shares = op.vocab_shares.count;
  for (int first = 0; first < op.x.rows; first += kMaxMixedRows) {
    const int num_rows = std::min(kMaxMixedRows, op.x.rows - first);
    const Tensor rows = rows_of(op.x, first, num_rows);
    const RowBlocks blocks{num_rows, kernels_.max_height};
    const std::byte* const packed = pack_rows(rows, weights, blocks);
    float normalizers[kMaxMixedRows];
    for (int i = 0; i < num_rows; ++i) {
      normalizers[i] = log_normalizer(op.stats[first + i], op.weights[first + i]);
    }
    const std::int64_t size = std::int64_t{num_rows} * op.out.cols;
    float* const parts = intermediate_.take<float>(std::size_t(num_shares * size));
    std::fill_n(parts, num_shares * size, 0.0f);
    pool_.run(num_shares, [&](int share, int thread) {
      MixCall call(kernels_, weights, op.table, thread_scratch_[std::size_t(thread)]);
      for (const VocabChunk& chunk : chunks_of_share(op.vocab_shares, share)) {
        call.add(chunk, blocks, packed, normalizers, parts + share * size);
      }
    });
    float* const to = floats(op.out) + std::int64_t{first} * op.out.cols;
    std::fill_n(to, size, 0.0f);
    kernels_.add_tree(parts, size, num_shares, size, to);
  }
}

}  // namespace unmask::kernels
