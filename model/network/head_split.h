#pragma once

#include <cstdint>
#include <vector>

#include "kernels/backend.h"
#include "model/checkpoint/model_config.h"
#include "model/network/placement.h"

namespace unmask::network {

/// The attention heads of one worker: its share of the query heads, and the KV heads these read. A
/// KV head may be held by several workers.
struct HeadSplit {
  Slice heads;
  Slice kv_heads;
  int head_dim = 0;

  [[nodiscard]] kernels::HeadShape shape() const {
    return {.num_heads = heads.size(), .num_kv_heads = kv_heads.size(), .head_dim = head_dim};
  }
  [[nodiscard]] int q_width() const { return heads.size() * head_dim; }
  [[nodiscard]] int kv_width() const { return kv_heads.size() * head_dim; }
  [[nodiscard]] int qkv_width() const { return q_width() + 2 * kv_width(); }
};

/// config.num_kv_heads divides config.num_heads.
inline HeadSplit split_heads(const checkpoint::ModelConfig& config, const Placement& placement) {
  HeadSplit split;
  split.head_dim = config.head_dim;
  split.heads = placement.slice(config.num_heads);
  if (split.heads.size() == 0) return split;
  const int group = config.num_heads / config.num_kv_heads;
  split.kv_heads = {split.heads.begin / group, (split.heads.end - 1) / group + 1};
  return split;
}

/// How the sums of the output projection are split over the heads held here.
inline kernels::ShareOffsets o_inputs(const checkpoint::ModelConfig& config,
                                      const Placement& placement) {
  kernels::ShareOffsets shares = placement.shares(config.num_heads);
  for (std::int64_t& offset : shares.offset) offset *= config.head_dim;
  return shares;
}

/// For each query head held here the index of its KV head among those held here.
inline std::vector<std::int32_t> kv_head_of_head(const checkpoint::ModelConfig& config,
                                                 const HeadSplit& split) {
  std::vector<std::int32_t> kv_heads;
  for (int head = split.heads.begin; head < split.heads.end; ++head) {
    kv_heads.push_back(head / (config.num_heads / config.num_kv_heads) - split.kv_heads.begin);
  }
  return kv_heads;
}

}  // namespace unmask::network
