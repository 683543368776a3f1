#include "model/network/memory_plan.h"

#include <algorithm>
#include <string>

#include "model/network/batch.h"
#include "model/network/head_split.h"
#include "model/network/lm_head.h"
#include "model/network/soft_mixer.h"

namespace unmask::network {
namespace {

constexpr int kMaxRows = 1 << 20;
constexpr int kMaxSoftRows = 1 << 24;
constexpr int kMaxPositions = 1 << 17;  // bounds the tables of RoPE

// Of a GPU. Graphs of a whole forward take 10 KB per kernel, NCCL its channels' buffers.
constexpr std::uint64_t kGraphBytes = 64 << 20;
constexpr std::uint64_t kNcclBytes = 384 << 20;

std::uint64_t library_bytes(const EngineOptions& options) {
  if (options.device == kernels::DeviceKind::kCpu) return 0;
  return (options.can_record ? kGraphBytes : 0) +
         (options.placement.num_ranks > 1 ? kNcclBytes : 0);
}

std::uint64_t product(std::int64_t a, std::int64_t b) {
  return static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b);
}

/// With full attention every position of a canvas is a row of a step; block-causal ones come in
/// pieces.
int max_positions(const checkpoint::ModelConfig& config, const EngineOptions& options) {
  const int most = std::min(config.max_positions, kMaxPositions);
  return config.is_block_causal ? most : std::min(most, options.max_rows);
}

/// K and V of one position in `num_layers`.
std::uint64_t kv_position_bytes(const checkpoint::ModelConfig& config, int num_kv_heads,
                                kernels::DType dtype, int num_layers) {
  return product(num_layers, 2 * std::int64_t(size_of(dtype))) *
         product(num_kv_heads, config.head_dim);
}

std::uint64_t weight_bytes(const checkpoint::ModelConfig& config, const EngineOptions& options) {
  const HeadSplit heads = split_heads(config, options.placement);
  const int num_experts = options.placement.slice(config.num_experts).size();
  const int num_tokens = options.placement.slice(config.vocab_size).size();
  const int num_moe_layers = config.num_layers - config.num_dense_layers;

  const auto matrix = [&](std::int64_t rows, const kernels::ShareOffsets& inputs) {
    return packed_bytes(options.device, rows, inputs, options.dtype);
  };
  const auto expert = [&](int width) {
    return packed_expert_bytes(options.device, config.hidden_size, width, options.dtype);
  };
  const kernels::ShareOffsets whole = Placement::whole(config.hidden_size);
  const std::uint64_t attention =
      (matrix(heads.qkv_width(), whole) +
       matrix(config.hidden_size, o_inputs(config, options.placement))) *
      std::uint64_t(config.num_layers);
  const std::uint64_t experts =
      product(num_experts, num_moe_layers) * expert(config.expert_intermediate_size);
  const int num_slices = options.placement.slice(kernels::kNumShares).size();
  const auto mlp = [&](int width, int num_layers) {
    const std::int64_t slice = (width + kernels::kNumShares - 1) / kernels::kNumShares;
    return product(num_slices, num_layers) * expert(int(slice));
  };
  const std::uint64_t mlps = mlp(config.intermediate_size, config.num_dense_layers) +
                             mlp(config.shared_expert_intermediate_size, num_moe_layers);
  const std::uint64_t embeddings =
      product(config.vocab_size, config.hidden_size) * size_of(options.dtype);
  const std::uint64_t f32_rows = product(config.num_experts, num_moe_layers) +
                                 static_cast<std::uint64_t>(2 * config.num_layers + 1);
  const auto hidden = static_cast<std::uint64_t>(config.hidden_size);
  return attention + experts + mlps + embeddings + matrix(num_tokens, whole) +
         f32_rows * sizeof(float) * hidden;
}

std::uint64_t scratch_bytes(const checkpoint::ModelConfig& config, const EngineOptions& options,
                            int max_positions, int num_pages) {
  const HeadSplit heads = split_heads(config, options.placement);
  const int num_ranks = options.placement.num_ranks;
  const std::int64_t gathered = num_ranks > 1 ? num_ranks : 0;
  const bool has_mlp = config.num_dense_layers > 0 || config.shared_expert_intermediate_size > 0;
  // The residual stream, its norm, the part of a sum, the decoded rows before and after the norm.
  const std::int64_t rows = (5 + gathered) * config.hidden_size;
  const std::int64_t attention =
      heads.q_width() > 0 ? heads.qkv_width() + heads.q_width() : std::int64_t(config.hidden_size);
  const std::int64_t choices =
      2 * config.num_experts_per_token + (has_mlp ? 2 * kernels::kNumShares : 0);
  // What the head finds out of a row, and logits that are wanted of it; then its part of them, and
  // those of all ranks.
  const std::int64_t listed = kListedPerRow;
  const std::int64_t wanted = 1 + listed + (num_ranks > 1 ? 1 + listed + num_ranks * listed : 0);
  const std::uint64_t stats =
      sizeof(kernels::CandidateStats) * (num_ranks > 1 ? 2 + num_ranks : 1) +
      sizeof(kernels::Drawn) * (num_ranks > 1 ? 2 : 1);
  const std::uint64_t row_bytes =
      product(rows + attention + choices + wanted, sizeof(float)) + stats +
      kv_position_bytes(config, heads.kv_heads.size(), options.kv_dtype, 1);
  const std::uint64_t rope = product(max_positions, config.rotary_dim) * sizeof(float);
  // A CPU has the host's side of a batch, too.
  const std::uint64_t batch = BatchBuilder::device_bytes(options.max_rows, num_pages) *
                              (options.device == kernels::DeviceKind::kCpu ? 2 : 1);
  const std::uint64_t mixer =
      options.num_soft_rows > 0
          ? SoftMixer::scratch_bytes(options.placement, config.hidden_size, options.max_rows)
          : 0;
  const std::uint64_t draws = LmHead::draw_bytes(options.placement, config.vocab_size);
  return mixer + draws + static_cast<std::uint64_t>(options.max_rows) * row_bytes + rope + batch +
         working_bytes(options.device, working_shape(config, options), options.num_threads);
}

}  // namespace

kernels::WorkingShape working_shape(const checkpoint::ModelConfig& config,
                                    const EngineOptions& options) {
  const HeadSplit heads = split_heads(config, options.placement);
  const bool has_experts = config.num_experts > 0;
  const bool has_mlp = config.num_dense_layers > 0 || config.shared_expert_intermediate_size > 0;
  const auto share = [](int width) {
    return (width + kernels::kNumShares - 1) / kernels::kNumShares;
  };
  const int mlp_width = std::max(config.num_dense_layers > 0 ? share(config.intermediate_size) : 0,
                                 share(config.shared_expert_intermediate_size));
  return {
      .num_rows = options.max_rows,
      .inputs = o_inputs(config, options.placement),
      .hidden = config.hidden_size,
      .widest_output = std::max(heads.qkv_width(), config.hidden_size),
      .expert_width = std::max(has_experts ? config.expert_intermediate_size : 0, mlp_width),
      .top_k = std::max(has_experts ? config.num_experts_per_token : 0,
                        mlp_width > 0 ? kernels::kNumShares : 0),
      .num_experts = std::max(options.placement.slice(config.num_experts).size(),
                              has_mlp ? options.placement.slice(kernels::kNumShares).size() : 0),
      .mlp_width = mlp_width,
      .num_slices = has_mlp ? options.placement.slice(kernels::kNumShares).size() : 0,
      .num_routed = config.num_experts,
      .num_heads = heads.heads.size(),
      .head_dim = config.head_dim,
      .num_keys = max_positions(config, options),
      .vocabulary = options.placement.shares(config.vocab_size),
      .mixes = options.num_soft_rows > 0,
      .weights = options.dtype,
      .has_fast_products = options.placement.numerics == Numerics::kFast};
}

Result<MemoryPlan> plan_memory(const checkpoint::ModelConfig& config,
                               const EngineOptions& options) {
  const Result<> placed = options.placement.validate();
  if (!placed) return placed.error();
  if (options.max_rows < 1 || options.max_rows > kMaxRows) {
    return Error{ErrorCode::kInvalidArgument, "max_rows must be 1 to " + std::to_string(kMaxRows) +
                                                  ", not " + std::to_string(options.max_rows)};
  }
  if (options.num_soft_rows < 0 || options.num_soft_rows > kMaxSoftRows) {
    return Error{ErrorCode::kInvalidArgument,
                 "there can be at most " + std::to_string(kMaxSoftRows) + " soft rows, not " +
                     std::to_string(options.num_soft_rows)};
  }
  if (options.dtype != kernels::DType::kF32 && options.dtype != kernels::DType::kBF16) {
    return Error{ErrorCode::kInvalidArgument, "weights are kept as f32 or bf16"};
  }
  if (options.kv_dtype != kernels::DType::kF32 && options.device == kernels::DeviceKind::kCpu) {
    return Error{ErrorCode::kInvalidArgument, "a CPU keeps keys and values as f32"};
  }
  const std::uint64_t page_bytes =
      cache::kPagePositions *
      std::max<std::uint64_t>(
          kv_position_bytes(config, config.num_kv_heads, options.kv_dtype, config.num_layers), 1);
  const std::int64_t num_pages = options.num_kv_pages != 0
                                     ? options.num_kv_pages
                                     : std::int64_t(options.kv_cache_bytes / page_bytes);
  const std::int64_t max_pages =
      (std::int64_t(INT32_MAX) - options.max_rows) / cache::kPagePositions;
  if (num_pages < 0 || num_pages > max_pages) {
    return Error{ErrorCode::kInvalidArgument, "there can be at most " + std::to_string(max_pages) +
                                                  " KV pages, not " + std::to_string(num_pages)};
  }

  MemoryPlan plan;
  plan.num_kv_pages = static_cast<int>(num_pages);
  plan.weight_bytes = weight_bytes(config, options);
  plan.kv_bytes = product(num_pages, cache::kPagePositions) *
                  kv_position_bytes(config, split_heads(config, options.placement).kv_heads.size(),
                                    options.kv_dtype, config.num_layers);
  plan.num_soft_rows = options.num_soft_rows;
  plan.soft_bytes = product(options.num_soft_rows, config.hidden_size) * sizeof(float);
  plan.max_positions = max_positions(config, options);
  plan.scratch_bytes = scratch_bytes(config, options, plan.max_positions, plan.num_kv_pages);
  plan.library_bytes = library_bytes(options);
  return plan;
}

}  // namespace unmask::network
