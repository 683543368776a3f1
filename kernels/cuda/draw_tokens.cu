// A thread block draws the token of a row. The least logit that is kept is found digit by digit, by
// what the values with each digit weigh: whole numbers, added in whatever order.

#include <algorithm>

#include "kernels/cuda/device.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/reduce.h"
#include "kernels/cuda/row_count.h"
#include "kernels/draw.h"

namespace unmask::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kDigits = 256;

using Weight = unsigned long long;  // what atomicAdd() knows

/// Logits in parts, as DrawTokens has them.
struct Parts {
  float* logits;
  std::int64_t stride;
  int count;
  std::int32_t first_token[DrawTokens::kMaxParts + 1];

  /// visit(id, logit): this thread's of the row, ascending.
  template <class Visit>
  __device__ void for_each(int row, const Visit& visit) const {
    for (int part = 0; part < count; ++part) {
      const std::int32_t begin = first_token[part];
      const int size = first_token[part + 1] - begin;
      float* const of_row = logits + part * stride + std::int64_t{row} * size;
      for (int i = int(threadIdx.x); i < size; i += kThreads) visit(begin + i, of_row[i]);
    }
  }
};

struct DrawShared {
  Weight weights[kDigits];
  Weight left;  // of what is wanted
  std::uint32_t key;
};

struct Best {
  double score;
  std::int32_t token;  // -1: none
  float logit;
};

struct Sum {
  Weight value;
};

__device__ Best shuffle_xor(Best best, int mask) {
  return {__shfl_xor_sync(kAllLanes, best.score, mask),
          __shfl_xor_sync(kAllLanes, best.token, mask),
          __shfl_xor_sync(kAllLanes, best.logit, mask)};
}

__device__ Sum shuffle_xor(Sum sum, int mask) {
  return {__shfl_xor_sync(kAllLanes, sum.value, mask)};
}

__device__ bool contains(const std::int32_t* ids, int count, std::int32_t id) {
  int begin = 0, end = count;
  while (begin < end) {
    const int middle = (begin + end) / 2;
    if (ids[middle] < id)
      begin = middle + 1;
    else
      end = middle;
  }
  return begin < count && ids[begin] == id;
}

/// What may not be chosen becomes -inf. Returns the largest of the rest, to all threads.
__device__ float leave_out(const Parts& parts, int row, const LogitRules& rules) {
  float max = -HUGE_VALF;
  parts.for_each(row, [&](std::int32_t id, float& logit) {
    if (id >= rules.choosable_end || contains(rules.never_chosen, rules.num_never_chosen, id)) {
      logit = -HUGE_VALF;
    }
    max = fmaxf(max, logit);
  });
  return block_reduce(max, [](float a, float b) { return fmaxf(a, b); });
}

/// The largest key from which on the row's logits weigh `wanted` together; of keys from `lowest`
/// on.
template <class Weigh>
__device__ std::uint32_t find_key(DrawShared& shared, const Parts& parts, int row,
                                  std::uint32_t lowest, Weight wanted, const Weigh& weigh) {
  std::uint32_t found = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    shared.weights[threadIdx.x] = 0;
    __syncthreads();
    parts.for_each(row, [&](std::int32_t, float logit) {
      const std::uint32_t key = ordered_key(logit);
      const bool is_here = shift == 24 || key >> (shift + 8) == found;
      if (key < lowest || !is_here) return;
      const Weight weight = weigh(logit);
      if (weight > 0) atomicAdd(&shared.weights[key >> shift & 255], weight);
    });
    __syncthreads();
    if (threadIdx.x == 0) {
      std::uint32_t digit = kDigits - 1;
      while (digit > 0 && shared.weights[digit] < wanted) wanted -= shared.weights[digit--];
      shared.key = found << 8 | digit;
      shared.left = wanted;
    }
    __syncthreads();
    found = shared.key;
    wanted = shared.left;
    __syncthreads();
  }
  return found;
}

/// The sum of weigh(logit) over the kept logits, to all threads.
template <class Weigh>
__device__ Weight sum_of(const Parts& parts, int row, std::uint32_t lowest, const Weigh& weigh) {
  Sum sum{0};
  parts.for_each(row, [&](std::int32_t, float logit) {
    if (ordered_key(logit) >= lowest) sum.value += weigh(logit);
  });
  return block_reduce(sum, [](Sum a, Sum b) { return Sum{a.value + b.value}; }).value;
}

/// Of the smallest logit that is kept.
__device__ std::uint32_t lowest_kept(DrawShared& shared, const Parts& parts, int row,
                                     const DrawRules& rules, float max) {
  std::uint32_t lowest = kLowestKey + 1;
  const auto one = [](float) { return Weight{1}; };
  const auto weigh = [&](float logit) { return Weight(weight_of(logit, max, rules.temperature)); };
  if (rules.top_k > 0 && Weight(rules.top_k) < sum_of(parts, row, lowest, one)) {
    lowest = find_key(shared, parts, row, lowest, Weight(rules.top_k), one);
  }
  if (rules.top_p < 1) {
    const Weight wanted = share_of(sum_of(parts, row, lowest, weigh), rules.top_p);
    lowest = find_key(shared, parts, row, lowest, wanted, weigh);
  }
  return lowest;
}

__device__ Best better(Best a, Best b) {
  if (a.token < 0 || b.token < 0) return a.token < 0 ? b : a;
  if (a.score != b.score) return a.score > b.score ? a : b;
  return a.token < b.token ? a : b;
}

/// One thread block per row.
__global__ void draw_tokens_kernel(Parts parts, RowCount rows, const LogitRules* rules_table,
                                   const std::int32_t* rules_of_row, const std::int32_t* positions,
                                   Drawn* out) {
  DrawShared& shared = block_shared<DrawShared>();
  const int row = int(blockIdx.x);
  if (row >= rows.now()) return;
  const LogitRules& rules = rules_table[rules_of_row[row]];
  const DrawRules& draw = rules.draw;
  if (draw.temperature <= 0) {
    if (threadIdx.x == 0) out[row] = {};
    return;
  }
  const float max = leave_out(parts, row, rules);
  const bool keeps_all = max == -HUGE_VALF || (draw.top_k == 0 && draw.top_p >= 1);
  const std::uint32_t lowest =
      keeps_all ? kLowestKey + 1 : lowest_kept(shared, parts, row, draw, max);
  DrawBits bits(draw, positions[row]);
  Best best{0, -1, -HUGE_VALF};
  parts.for_each(row, [&](std::int32_t id, float logit) {
    if (ordered_key(logit) < lowest) return;
    best = better(best, {noisy(logit, draw.temperature, bits.of(id)), id, logit});
  });
  best = block_reduce(best, [](Best a, Best b) { return better(a, b); });
  if (threadIdx.x == 0) out[row] = {best.token, best.logit};
}

}  // namespace

void enqueue(const DrawTokens& op, cudaStream_t stream) {
  if (op.num_rows == 0) return;
  Parts parts{op.logits, op.part_stride, op.num_parts, {}};
  std::copy(op.first_token.begin(), op.first_token.end(), parts.first_token);
  launch(draw_tokens_kernel, {dim3(unsigned(op.num_rows)), dim3(kThreads), 0, stream}, parts,
         RowCount{op.num_rows, op.live_rows, op.live_offset}, op.rules, op.rules_of_row,
         op.positions, op.out);
}

}  // namespace unmask::kernels
