/// What the kernels of attention share: which rows and keys a thread block has, and the sums over
/// a part of the keys. Such sums and their order depend on nothing but the keys' places in their
/// sequence.

#pragma once

#include "kernels/backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/work_sizes.h"

namespace unmask::kernels {

template <typename Query, typename Key>
struct AttentionInputs {
  const Query* qkv;
  int qkv_cols;
  const Key* keys;
  const Key* values;
  KvRows kv_rows;
  HeadShape heads;
  AttentionPlan plan;
  int num_rows;
  float scale;
};

/// Sums over a split's keys, of every row and head; kAttentionSplits, num_rows, num_heads from
/// outside in.
struct AttentionPartials {
  float* out;  // [..., head_dim], relative to max; not written where sum is 0
  float* max;  // [...]
  float* sum;  // [...], 0: the row sees no key of this split
};

/// Rows of one sequence.
struct RowTile {
  int sequence;
  int first_row;
  int num_rows;
};

/// The idx-th tile of all sequences; num_rows 0 if there are fewer.
template <int kRows>
__device__ RowTile find_tile(const AttentionPlan& plan, int idx) {
  for (int s = 0; s < plan.num_sequences; ++s) {
    const int begin = plan.row_offsets[s], num_rows = plan.row_offsets[s + 1] - begin;
    const int num_tiles = (num_rows + kRows - 1) / kRows;
    if (idx < num_tiles) {
      const int first = idx * kRows;
      return {s, begin + first, num_rows - first < kRows ? num_rows - first : kRows};
    }
    idx -= num_tiles;
  }
  return {0, 0, 0};
}

/// The most tiles that all sequences together can have.
inline int max_tiles(int num_rows, int num_sequences, int rows_per_tile) {
  return num_rows / rows_per_tile + (num_sequences < num_rows ? num_sequences : num_rows);
}

/// Sums over each split's keys. Q in `in` is scaled here; head_dim at most Attention::kMaxHeadDim.
void attend_f32(const AttentionInputs<float, float>& in, const AttentionPartials& partials,
                cudaStream_t stream);
/// T: float or bf16.
template <typename T>
void attend_bf16(const AttentionInputs<T, bf16>& in, const AttentionPartials& partials,
                 cudaStream_t stream);

/// Finds the slots of ascending keys.
class RunCursor {
 public:
  explicit __device__ RunCursor(const KvRun* first) : next_(first) {}

  __device__ std::int32_t slot_of(int key) {
    while (key >= end_) {
      const KvRun run = *next_++;
      slot_of_key_0_ = run.first_slot - end_;
      end_ += run.num_slots;
    }
    return slot_of_key_0_ + key;
  }

 private:
  const KvRun* next_;
  int end_ = 0;                     // of the keys so far
  std::int32_t slot_of_key_0_ = 0;  // if it were in the same run
};

}  // namespace unmask::kernels
