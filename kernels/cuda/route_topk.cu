#include <algorithm>

#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/row_count.h"

namespace unmask::kernels {
namespace {

constexpr int kLogitWarps = 8;   // of a thread block, an expert each
constexpr int kLogitRows = 4;    // of a thread block
constexpr int kChooseWarps = 4;  // a row each

__device__ float add_over_warp(float value) {
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) {
    value += __shfl_xor_sync(kAllLanes, value, mask);
  }
  return value;
}

/// logits [num_rows, num_experts] = x router^T.  Grid: groups of experts, groups of rows.
template <class T>
__global__ void logits_kernel(const T* x, RowCount row_count_of_x, int num_cols,
                              const float* router, int num_experts, float* logits) {
  const int lane = int(threadIdx.x) % kWarpSize;
  const int expert = int(blockIdx.x) * kLogitWarps + int(threadIdx.x) / kWarpSize;
  if (expert >= num_experts) return;  // a whole warp leaves
  const int first_row = int(blockIdx.y) * kLogitRows, num_rows = row_count_of_x.now();
  if (first_row >= num_rows) return;
  const float* const weights = router + std::int64_t{expert} * num_cols;
  const T* rows[kLogitRows];
  for (int i = 0; i < kLogitRows; ++i) {
    const int row = first_row + i < num_rows ? first_row + i : num_rows - 1;
    rows[i] = x + std::int64_t{row} * num_cols;
  }
  float sums[kLogitRows] = {};
#pragma unroll 8  // so that many loads are under way
  for (int j = lane; j < num_cols; j += kWarpSize) {
    const float weight = weights[j];
    for (int i = 0; i < kLogitRows; ++i) sums[i] = fmaf(to_float(rows[i][j]), weight, sums[i]);
  }
  for (int i = 0; i < kLogitRows; ++i) {
    const float sum = add_over_warp(sums[i]);
    if (lane == i && first_row + i < num_rows) {
      logits[std::int64_t{first_row + i} * num_experts + expert] = sum;
    }
  }
}

struct Best {
  float value;
  int idx;
};

/// The lowest index of the largest of x [n]. Every lane gets it; a NaN loses to everything.
__device__ Best argmax(const float* x, int n) {
  Best best{-HUGE_VALF, n};
  for (int i = int(threadIdx.x) % kWarpSize; i < n; i += kWarpSize) {
    if (x[i] > best.value || best.idx == n) best = {x[i] > -HUGE_VALF ? x[i] : -HUGE_VALF, i};
  }
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) {
    const Best other{__shfl_xor_sync(kAllLanes, best.value, mask),
                     __shfl_xor_sync(kAllLanes, best.idx, mask)};
    if (other.value > best.value || (other.value == best.value && other.idx < best.idx)) {
      best = other;
    }
  }
  return best;
}

/// Sum of the two largest; the largest if there is only one.
__device__ float group_score(const float* x, int n) {
  float first = -HUGE_VALF, second = -HUGE_VALF;
  for (int i = 0; i < n; ++i) {
    if (x[i] > first) {
      second = first;
      first = x[i];
    } else if (x[i] > second) {
      second = x[i];
    }
  }
  return n == 1 ? first : first + second;
}

/// What one warp works on. Its lanes meet before they read what others wrote.
struct Row {
  float scores[RouteTopk::kMaxExperts];
  float choice[RouteTopk::kMaxExperts];  // what the experts are chosen by; -inf: cannot be any more
  float group_scores[RouteTopk::kMaxExperts];  // NaN: kept
};
struct ChooseShared {
  Row row[kChooseWarps];
};

__device__ void make_scores(Row& row, const float* logits, int num_experts, Routing::Score kind) {
  const int lane = int(threadIdx.x) % kWarpSize;
  if (kind == Routing::Score::kSigmoid) {
    for (int e = lane; e < num_experts; e += kWarpSize) {
      row.scores[e] = 1.0f / (1.0f + expf(-logits[e]));
    }
    return;
  }
  float max = -HUGE_VALF, sum = 0;
  for (int e = lane; e < num_experts; e += kWarpSize) max = fmaxf(max, logits[e]);
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) {
    max = fmaxf(max, __shfl_xor_sync(kAllLanes, max, mask));
  }
  for (int e = lane; e < num_experts; e += kWarpSize) {
    row.scores[e] = expf(logits[e] - max);
    sum += row.scores[e];
  }
  sum = add_over_warp(sum);
  for (int e = lane; e < num_experts; e += kWarpSize) row.scores[e] /= sum;
}

__device__ void keep_top_groups(Row& row, int num_experts, const Routing& routing) {
  const int lane = int(threadIdx.x) % kWarpSize, size = num_experts / routing.num_groups;
  for (int g = lane; g < routing.num_groups; g += kWarpSize) {
    row.group_scores[g] = group_score(row.choice + g * size, size);
  }
  for (int kept = 0; kept < routing.top_groups; ++kept) {
    __syncwarp();
    const int best = argmax(row.group_scores, routing.num_groups).idx;
    __syncwarp();
    if (lane == 0) row.group_scores[best] = NAN;
  }
  __syncwarp();
  for (int e = lane; e < num_experts; e += kWarpSize) {
    const float score = row.group_scores[e / size];
    if (score == score) row.choice[e] = -HUGE_VALF;
  }
}

/// One warp per row.
__global__ void choose_kernel(const float* logits, RowCount rows, int num_experts, Routing routing,
                              std::int32_t* expert_ids, float* expert_weights) {
  const int lane = int(threadIdx.x) % kWarpSize, warp = int(threadIdx.x) / kWarpSize;
  const std::int64_t row_idx = std::int64_t{blockIdx.x} * kChooseWarps + warp;
  if (row_idx >= rows.now()) return;  // a whole warp leaves
  Row& row = dynamic_shared<ChooseShared>().row[warp];
  make_scores(row, logits + row_idx * num_experts, num_experts, routing.score);
  for (int e = lane; e < num_experts; e += kWarpSize) {
    row.choice[e] =
        row.scores[e] + (routing.expert_bias != nullptr ? routing.expert_bias[e] : 0.0f);
  }
  __syncwarp();
  if (routing.top_groups < routing.num_groups) keep_top_groups(row, num_experts, routing);
  std::int32_t* const ids = expert_ids + row_idx * routing.top_k;
  float* const weights = expert_weights + row_idx * routing.top_k;
  float sum = 0;
  for (int k = 0; k < routing.top_k; ++k) {
    __syncwarp();
    const int best = argmax(row.choice, num_experts).idx;
    sum += row.scores[best];
    __syncwarp();
    if (lane != 0) continue;
    row.choice[best] = -HUGE_VALF;
    ids[k] = best;
  }
  __syncwarp();
  constexpr float kTiny = 1e-20f;  // as the reference models have it
  const float factor = routing.renormalize ? routing.scaling / (sum + kTiny) : routing.scaling;
  for (int k = lane; k < routing.top_k; k += kWarpSize) weights[k] = row.scores[ids[k]] * factor;
}

}  // namespace

std::size_t scratch_bytes(const RouteTopk& op) {
  return sizeof(float) * std::size_t(op.x.rows) * std::size_t(op.num_experts);
}

void enqueue(const RouteTopk& op, void* scratch, cudaStream_t stream) {
  const int num_rows = op.x.rows, num_experts = op.num_experts;
  if (num_rows == 0) return;
  auto* const logits = static_cast<float*>(scratch);
  const dim3 logits_grid(unsigned((num_experts + kLogitWarps - 1) / kLogitWarps),
                         unsigned((num_rows + kLogitRows - 1) / kLogitRows));
  with_element(op.x.dtype, [&](auto element) {
    using T = decltype(element);
    launch(logits_kernel<T>, {logits_grid, dim3(kLogitWarps * kWarpSize), 0, stream},
           elements<T>(op.x), row_count(op.x), op.x.cols, op.router, num_experts, logits);
  });
  launch(choose_kernel,
         {dim3(unsigned((num_rows + kChooseWarps - 1) / kChooseWarps)),
          dim3(kChooseWarps * kWarpSize), sizeof(ChooseShared), stream},
         static_cast<const float*>(logits), row_count(op.x), num_experts, op.routing, op.expert_ids,
         op.expert_weights);
}

}  // namespace unmask::kernels
