#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/cpu/cpu_backend.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr int kRowsPerTask = 64;

int padded(int n) { return (n + kPanelCols - 1) / kPanelCols * kPanelCols; }

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

/// The keys and values that the rows of one piece see, as panels: the scores are a product of the
/// rows with the keys (a step is a dimension), the result one of the weights with the values (a
/// step is a key). So both are summed in the order of the dimensions and of the keys.
class PieceKeys {
 public:
  PieceKeys(int num_keys, int head_dim, float* memory)
      : num_keys_(num_keys),
        head_dim_(head_dim),
        keys_(memory),
        values_(memory + std::int64_t{padded(num_keys)} * head_dim) {}

  static std::size_t num_floats(int num_keys, int head_dim) {
    return std::size_t(padded(num_keys)) * std::size_t(head_dim) +
           std::size_t(num_keys) * std::size_t(padded(head_dim));
  }

  void set(int idx, const float* key, const float* value) {
    float* const lane =
        keys_ + std::int64_t{idx / kPanelCols} * head_dim_ * kPanelCols + idx % kPanelCols;
    for (int d = 0; d < head_dim_; ++d) lane[d * kPanelCols] = key[d];
    for (int d = 0; d < head_dim_; d += kPanelCols) {
      float* const to = values_ + std::int64_t{d} * num_keys_ + std::int64_t{idx} * kPanelCols;
      const int count = std::min(kPanelCols, head_dim_ - d);
      std::memcpy(to, value + d, sizeof(float) * std::size_t(count));
      std::fill_n(to + count, kPanelCols - count, 0.0f);
    }
  }

  void fill_last_panel() {
    float* const panel = keys_ + std::int64_t{num_keys_ / kPanelCols} * head_dim_ * kPanelCols;
    for (int lane = num_keys_ % kPanelCols; lane % kPanelCols != 0; ++lane) {
      for (int d = 0; d < head_dim_; ++d) panel[d * kPanelCols + lane] = 0.0f;
    }
  }

  [[nodiscard]] Tile scores_tile() const {
    return {.panels = reinterpret_cast<const std::byte*>(keys_),
            .panel_bytes = std::size_t(head_dim_) * kStepBytes};
  }
  [[nodiscard]] Tile values_tile() const {
    return {.panels = reinterpret_cast<const std::byte*>(values_),
            .panel_bytes = std::size_t(num_keys_) * kStepBytes};
  }

 private:
  int num_keys_, head_dim_;
  float* keys_;    // [panel of keys][head_dim][16]
  float* values_;  // [panel of head_dim][num_keys][16]
};

Steps one_share(std::int64_t num_steps) {
  Steps steps;
  steps.offset[1] = num_steps;
  return steps;
}

}  // namespace

class CpuBackend::AttentionCall {
 public:
  AttentionCall(CpuBackend& backend, const Tensor& qkv, HeadShape heads, const KvLayer& kv,
                const AttentionPlan& plan, const Tensor& out)
      : backend_(backend),
        kernels_(backend.kernels_),
        qkv_(qkv),
        heads_(heads),
        kv_(kv),
        plan_(plan),
        out_(out) {}

  void run(const Piece& piece, int thread) {
    int num_keys = 0;
    for (int i = piece.begin_row; i < piece.end_row; ++i) {
      num_keys = std::max(num_keys, plan_.key_limit[i]);
    }
    const std::size_t height = std::size_t(kernels_.max_height);
    const std::size_t keys_size = PieceKeys::num_floats(num_keys, heads_.head_dim);
    const std::size_t tile_size = height * std::size_t(num_keys);
    float* const memory = backend_.thread_scratch_[std::size_t(thread)].take<float>(
        keys_size + 2 * tile_size + height * std::size_t(heads_.head_dim));
    const PieceKeys keys = gather(piece, num_keys, memory);
    const TileMemory tile{memory + keys_size, memory + keys_size + tile_size,
                          memory + keys_size + 2 * tile_size};
    for (int head = 0; head < heads_.num_heads; ++head) {
      if (plan_.kv_head_of_head[head] != piece.kv_head) continue;
      for (int row = piece.begin_row; row < piece.end_row;) {
        int end = row + 1;  // rows of one tile see the same keys
        while (end < piece.end_row && end - row < kernels_.max_height &&
               plan_.key_limit[end] == plan_.key_limit[row]) {
          ++end;
        }
        attend(keys, head, row, end, tile);
        row = end;
      }
    }
  }

 private:
  struct TileMemory {
    float* scores;   // [height, num_keys]
    float* weights;  // [num_keys][height]
    float* queries;  // [head_dim][height]
  };

  PieceKeys gather(const Piece& piece, int num_keys, float* memory) const {
    PieceKeys keys(num_keys, heads_.head_dim, memory);
    const std::int64_t kv_cols = kv_.keys.cols, first = piece.kv_head * heads_.head_dim;
    int idx = 0;
    for (int r = plan_.run_offsets[piece.sequence]; r < plan_.run_offsets[piece.sequence + 1];
         ++r) {
      const KvRun& run = plan_.runs[r];
      UNMASK_CHECK(run.first_slot >= 0 && run.num_slots >= 0);
      UNMASK_CHECK(run.num_slots <= kv_.keys.rows - run.first_slot);
      for (int i = 0; i < run.num_slots && idx < num_keys; ++i, ++idx) {
        const std::int64_t at = (std::int64_t{run.first_slot} + i) * kv_cols + first;
        keys.set(idx, floats(kv_.keys) + at, floats(kv_.values) + at);
      }
    }
    UNMASK_CHECK(idx == num_keys);
    keys.fill_last_panel();
    return keys;
  }

  /// Rows [begin, end) of one head.
  void attend(const PieceKeys& keys, int head, int begin, int end, const TileMemory& memory) {
    const int height = end - begin, num_keys = plan_.key_limit[begin];
    const int head_dim = heads_.head_dim;
    float* const out = floats(out_) + std::int64_t{begin} * out_.cols + head * head_dim;
    UNMASK_CHECK(num_keys >= 0);
    if (num_keys == 0) {
      for (int i = 0; i < height; ++i) {
        std::fill_n(out + std::int64_t{i} * out_.cols, head_dim, 0.0f);
      }
      return;
    }
    pack_queries(head, begin, height, memory.queries);
    const Steps dims = one_share(head_dim), steps_of_keys = one_share(num_keys);
    Tile scores = keys.scores_tile();
    scores.rows = memory.queries;
    scores.height = height;
    scores.steps = &dims;
    scores.num_cols = num_keys;
    scores.out = memory.scores;
    scores.out_stride = num_keys;
    kernels_.multiply_f32(scores);

    float sums[kMaxRows];
    for (int i = 0; i < height; ++i) {
      float* const row = memory.scores + std::int64_t{i} * num_keys;
      sums[i] = kernels_.softmax_numerators(row, num_keys, kernels_.max(row, num_keys));
      for (int k = 0; k < num_keys; ++k) memory.weights[k * height + i] = row[k];
    }

    Tile values = keys.values_tile();
    values.rows = memory.weights;
    values.height = height;
    values.steps = &steps_of_keys;
    values.num_cols = head_dim;
    values.out = out;
    values.out_stride = out_.cols;
    kernels_.multiply_f32(values);
    for (int i = 0; i < height; ++i) {
      kernels_.scale(out + std::int64_t{i} * out_.cols, 1.0f / sums[i], head_dim);
    }
  }

  void pack_queries(int head, int begin, int height, float* queries) const {
    const float scale = 1.0f / std::sqrt(float(heads_.head_dim));
    for (int i = 0; i < height; ++i) {
      const float* const q =
          floats(qkv_) + std::int64_t{begin + i} * qkv_.cols + head * heads_.head_dim;
      for (int d = 0; d < heads_.head_dim; ++d) queries[d * height + i] = q[d] * scale;
    }
  }

  static constexpr int kMaxRows = 32;  // of a tile, on any instruction set

  CpuBackend& backend_;
  const Kernels& kernels_;
  const Tensor& qkv_;
  const HeadShape heads_;
  const KvLayer& kv_;
  const AttentionPlan& plan_;
  const Tensor& out_;
};

void CpuBackend::attention(Tensor qkv, HeadShape heads, KvLayer kv, const AttentionPlan& plan,
                           Tensor out) {
  UNMASK_CHECK(qkv.cols == (heads.num_heads + 2 * heads.num_kv_heads) * heads.head_dim);
  UNMASK_CHECK(kv.keys.cols == heads.num_kv_heads * heads.head_dim);
  UNMASK_CHECK(kv.values.cols == kv.keys.cols && kv.values.rows == kv.keys.rows);
  UNMASK_CHECK(out.rows == qkv.rows && out.cols == heads.num_heads * heads.head_dim);
  if (plan.num_sequences == 0 || heads.num_heads == 0) return;
  UNMASK_CHECK(plan.row_offsets[0] == 0 && plan.row_offsets[plan.num_sequences] == qkv.rows);
  for (int head = 0; head < heads.num_heads; ++head) {
    const std::int32_t kv_head = plan.kv_head_of_head[head];
    UNMASK_CHECK(kv_head >= 0 && kv_head < heads.num_kv_heads);
  }
  const std::vector<Piece> pieces = pieces_of(plan, heads.num_kv_heads);
  AttentionCall call(*this, qkv, heads, kv, plan, out);
  pool_.run(int(pieces.size()),
            [&](int i, int thread) { call.run(pieces[std::size_t(i)], thread); });
}

}  // namespace unmask::kernels
