#include <algorithm>
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr int kRowsPerTask = 64;
constexpr int kRowsAhead = 4;  // of the one that is copied

/// Some consecutive rows of one sequence, for all query heads that read one KV head.
struct Piece {
  int sequence = 0;
  int begin_row = 0;
  int end_row = 0;
  int kv_head = 0;
};

std::vector<Piece> pieces_of(const AttentionPlan& plan, int num_kv_heads) {
  std::vector<Piece> pieces;
  for (int s = 0; s < plan.num_sequences; ++s) {
    for (int row = plan.row_offsets[s]; row < plan.row_offsets[s + 1]; row += kRowsPerTask) {
      const int end = std::min(row + kRowsPerTask, plan.row_offsets[s + 1]);
      for (int kv_head = 0; kv_head < num_kv_heads; ++kv_head) {
        pieces.push_back({s, row, end, kv_head});
      }
    }
  }
  return pieces;
}

}  // namespace

class CpuBackend::AttentionCall {
 public:
  AttentionCall(CpuBackend& backend, const Attention& op)
      : backend_(backend),
        kernels_(backend.kernels_),
        qkv_(op.qkv),
        heads_(op.heads),
        key_stride_((op.heads.head_dim + kPanelCols - 1) / kPanelCols * kPanelCols),
        kv_(op.kv),
        plan_(op.plan),
        out_(op.out) {}

  void run(const Piece& piece, int thread) {
    int num_keys = 0;
    for (int i = piece.begin_row; i < piece.end_row; ++i) {
      UNMASK_CHECK(plan_.key_limit[i] >= 0);
      num_keys = std::max(num_keys, plan_.key_limit[i]);
    }
    const TileMemory memory = take_memory(num_keys, thread);
    gather_keys(piece, num_keys, memory);
    for (int head = 0; head < heads_.num_heads; ++head) {
      if (plan_.kv_head_of_head[head] != piece.kv_head) continue;
      for (int row = piece.begin_row; row < piece.end_row;) {
        int end = row + 1;  // rows of one tile see the same keys
        while (end < piece.end_row && end - row < kMaxAttentionRows &&
               plan_.key_limit[end] == plan_.key_limit[row]) {
          ++end;
        }
        attend(head, row, end, memory);
        row = end;
      }
    }
  }

 private:
  struct TileMemory {
    float* queries;
    float* weights;
    float* keys;    // of the whole piece
    float* values;  // likewise
  };

  [[nodiscard]] TileMemory take_memory(int num_keys, int thread) const {
    const std::size_t queries = std::size_t(kMaxAttentionRows) * std::size_t(heads_.head_dim);
    const std::size_t weights = std::size_t(kMaxAttentionRows) * std::size_t(num_keys);
    const std::size_t keys = std::size_t(num_keys) * std::size_t(key_stride_);
    float* const memory =
        backend_.thread_scratch_[std::size_t(thread)].take<float>(queries + weights + 2 * keys);
    return {memory, memory + queries, memory + queries + weights,
            memory + queries + weights + keys};
  }

  /// Side by side: rows of the cache lie so far apart, by powers of two as a rule, that they push
  /// each other out of the nearer caches.
  void gather_keys(const Piece& piece, int num_keys, const TileMemory& memory) const {
    const std::int64_t kv_cols = kv_.keys.cols;
    const float* const keys = floats(kv_.keys) + std::int64_t{piece.kv_head} * heads_.head_dim;
    const float* const values = floats(kv_.values) + std::int64_t{piece.kv_head} * heads_.head_dim;
    std::int64_t idx = 0;
    for (int r = plan_.run_offsets[piece.sequence]; r < plan_.run_offsets[piece.sequence + 1];
         ++r) {
      const KvRun& run = plan_.runs[r];
      const std::int64_t first_row = kv_.rows.of(run.first_slot);
      UNMASK_CHECK(run.first_slot >= 0 && run.num_slots >= 0);
      UNMASK_CHECK(run.num_slots <= kv_.keys.rows - first_row);
      for (int i = 0; i < run.num_slots && idx < num_keys; ++i, ++idx) {
        const std::int64_t at = (first_row + i) * kv_cols;
        prefetch(keys + at + kRowsAhead * kv_cols);
        prefetch(values + at + kRowsAhead * kv_cols);
        copy_padded(keys + at, memory.keys + idx * key_stride_);
        copy_padded(values + at, memory.values + idx * key_stride_);
      }
    }
    UNMASK_CHECK(idx == num_keys);
  }

  /// Of a row that the processor does not foresee.
  void prefetch(const float* row) const {
    constexpr int kFloatsPerLine = 16;
    for (int d = 0; d < heads_.head_dim; d += kFloatsPerLine) __builtin_prefetch(row + d);
  }

  void copy_padded(const float* from, float* to) const {
    std::copy_n(from, heads_.head_dim, to);
    std::fill(to + heads_.head_dim, to + key_stride_, 0.0f);
  }

  /// Rows [begin, end) of one head.
  void attend(int head, int begin, int end, const TileMemory& memory) const {
    const int num_rows = end - begin, num_keys = plan_.key_limit[begin];
    float* const out = floats(out_) + std::int64_t{begin} * out_.cols + head * heads_.head_dim;
    if (num_keys == 0) {
      for (int i = 0; i < num_rows; ++i) {
        std::fill_n(out + std::int64_t{i} * out_.cols, heads_.head_dim, 0.0f);
      }
      return;
    }
    const int num_panels = (num_rows + kPanelCols - 1) / kPanelCols;
    pack_queries(head, begin, num_rows, num_panels * kPanelCols, memory.queries);
    kernels_.attend({.keys = memory.keys,
                     .values = memory.values,
                     .num_keys = num_keys,
                     .head_dim = heads_.head_dim,
                     .key_stride = key_stride_,
                     .num_rows = num_rows,
                     .num_panels = num_panels,
                     .queries = memory.queries,
                     .weights = memory.weights,
                     .out = out,
                     .out_stride = out_.cols});
  }

  void pack_queries(int head, int begin, int num_rows, int stride, float* queries) const {
    const float scale = 1.0f / std::sqrt(float(heads_.head_dim));
    for (int i = 0; i < stride; ++i) {
      const float* const q =
          floats(qkv_) + std::int64_t{begin + i} * qkv_.cols + head * heads_.head_dim;
      for (int d = 0; d < heads_.head_dim; ++d) {
        queries[d * stride + i] = i < num_rows ? q[d] * scale : 0.0f;
      }
    }
  }

  CpuBackend& backend_;
  const Kernels& kernels_;
  const Tensor& qkv_;
  const HeadShape heads_;
  const int key_stride_;
  const KvLayer& kv_;
  const AttentionPlan& plan_;
  const Tensor& out_;
};

void CpuBackend::compute(const Attention& op) {
  const AttentionPlan& plan = op.plan;
  if (plan.num_sequences == 0 || op.heads.num_heads == 0) return;
  UNMASK_CHECK(plan.row_offsets[0] == 0 && plan.row_offsets[plan.num_sequences] == op.qkv.rows);
  for (int head = 0; head < op.heads.num_heads; ++head) {
    const std::int32_t kv_head = plan.kv_head_of_head[head];
    UNMASK_CHECK(kv_head >= 0 && kv_head < op.heads.num_kv_heads);
  }
  const std::vector<Piece> pieces = pieces_of(plan, op.heads.num_kv_heads);
  AttentionCall call(*this, op);
  pool_.run(int(pieces.size()),
            [&](int i, int thread) { call.run(pieces[std::size_t(i)], thread); });
}

}  // namespace unmask::kernels
