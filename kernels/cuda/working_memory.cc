#include "kernels/cuda/working_memory.h"

#include <algorithm>

#include "kernels/cuda/packed_shapes.h"
#include "kernels/cuda/scratch_parts.h"
#include "kernels/cuda/work_sizes.h"
#include "kernels/ops/candidate_stats.h"

namespace unmask::kernels {
namespace {

constexpr std::uint64_t kArrays = 8 * ScratchParts::kAlignment;  // of one operation, each aligned

std::uint64_t linear_bytes(const WorkingShape& shape) {
  const auto rows = std::uint64_t(shape.num_rows);
  const std::int64_t stride =
      std::max(padded_shares(shape.inputs).num_items(), padded_cols(shape.hidden));
  const std::uint64_t packed = rows * std::uint64_t(stride) * size_of(shape.weights);
  const bool has_parts = shape.weights == DType::kF32 && shape.inputs.count > 1;
  return packed + (has_parts ? std::uint64_t(shape.inputs.count) * rows *
                                   std::uint64_t(shape.hidden) * sizeof(float)
                             : 0);
}

std::uint64_t attention_bytes(const WorkingShape& shape) {
  return std::uint64_t{kAttentionSplits} * std::uint64_t(shape.num_rows) *
         std::uint64_t(shape.num_heads) * std::uint64_t(shape.head_dim + 2) * sizeof(float);
}

std::uint64_t experts_bytes(const WorkingShape& shape) {
  const auto rows = std::uint64_t(shape.num_rows);
  const std::uint64_t choices = rows * std::uint64_t(shape.top_k);
  const auto tiles = std::uint64_t(max_place_tiles(shape.num_experts, std::int64_t(choices)) +
                                   max_wide_tiles(std::int64_t(choices)));
  return 2 * choices * sizeof(int) + tiles * sizeof(PlaceTile) +
         (rows * std::uint64_t(padded_cols(shape.hidden)) +
          choices * std::uint64_t(padded_cols(shape.expert_width))) *
             size_of(shape.weights) +
         choices * std::uint64_t(shape.hidden) * sizeof(float);
}

std::uint64_t candidates_bytes(const WorkingShape& shape) {
  const auto rows = std::uint64_t(shape.num_rows);
  std::uint64_t tiles = 0;
  for (std::size_t i = 0; i < std::size_t(shape.vocabulary.count); ++i) {
    tiles +=
        std::uint64_t(num_vocab_tiles(shape.vocabulary.offset[i + 1] - shape.vocabulary.offset[i]));
  }
  return rows * std::uint64_t(padded_cols(shape.hidden)) * size_of(shape.weights) +
         tiles * rows * sizeof(CandidateStats);
}

std::uint64_t mix_bytes(const WorkingShape& shape) {
  if (!shape.mixes) return 0;
  const auto hidden = std::uint64_t(shape.hidden);
  return std::uint64_t(shape.num_rows) * std::uint64_t(padded_cols(shape.hidden)) *
             size_of(shape.weights) +
         kProductRows * sizeof(float) *
             (std::uint64_t(shape.vocabulary.num_items()) +
              std::uint64_t(shape.vocabulary.count) * kMixPieces * hidden);
}

std::uint64_t num_ids(const WorkingShape& shape) {
  return std::uint64_t(shape.vocabulary.num_items());
}

/// By cuBLASLt: what it takes for an MLP, and for the trial of one at the start.
std::uint64_t library_mlp_bytes(const WorkingShape& shape) {
  if (shape.num_slices == 0) return 0;
  const auto rows = std::uint64_t(shape.num_rows), hidden = std::uint64_t(shape.hidden);
  const std::uint64_t width =
      std::uint64_t(shape.num_slices) * std::uint64_t(padded_cols(shape.mlp_width));
  const std::uint64_t by_library =
      kCublasWorkspaceBytes +
      rows * (std::uint64_t(padded_cols(shape.hidden)) + width) * size_of(shape.weights) +
      rows * 2 * width * sizeof(float);
  const std::uint64_t sides =
      rows * (2 * hidden * sizeof(float) + kNumShares * (sizeof(std::int32_t) + sizeof(float)));
  return std::max(experts_bytes(shape), by_library) + sides;
}

/// The same for any product, and for the trial of one.
std::uint64_t library_product_bytes(const WorkingShape& shape) {
  if (!shape.has_fast_products || shape.weights != DType::kBF16) return 0;
  const auto rows = std::uint64_t(shape.num_rows);
  const std::uint64_t linear =
      linear_bytes(shape) + rows * (std::uint64_t(shape.widest_input()) * size_of(shape.weights) +
                                    std::uint64_t(shape.widest_output) * sizeof(float));
  const std::uint64_t logits =
      std::min<std::uint64_t>(rows, kMaxLogitRows) * num_ids(shape) * sizeof(float);
  const std::uint64_t head = candidates_bytes(shape) + logits +
                             rows * (std::uint64_t(shape.hidden) * sizeof(float) +
                                     sizeof(CandidateStats) + sizeof(std::int32_t));
  return std::max(kCublasWorkspaceBytes + std::max(linear, head), library_mlp_bytes(shape));
}

}  // namespace

std::uint64_t cuda_working_bytes(const WorkingShape& shape) {
  const std::uint64_t router =
      std::uint64_t(shape.num_rows) * std::uint64_t(shape.num_routed) * sizeof(float);
  return kArrays + std::max({linear_bytes(shape), attention_bytes(shape), experts_bytes(shape),
                             candidates_bytes(shape), mix_bytes(shape), router,
                             library_product_bytes(shape)});
}

}  // namespace unmask::kernels
