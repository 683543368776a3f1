/// Which rows the next forward computes: the list of all KV-cache policies.
///
/// A policy is a header with a struct of parameters, its State inside, and two functions:
///   plan(params, input, state)                     the next forward of the sequence
///   max_use(params, num_positions, block_length)   what any of its forwards takes, at most
/// They depend on nothing but their arguments. kName and for_each_param: as of a strategy. A new
/// one adds its name to the lists below.

#pragma once

#include <type_traits>
#include <variant>

#include "model/diffusion/cache_policies/active_cache.h"
#include "model/diffusion/cache_policies/block_cache.h"
#include "model/diffusion/cache_policies/dual_cache.h"
#include "model/diffusion/cache_policies/no_cache.h"
#include "model/diffusion/cache_policies/plan.h"
#include "model/diffusion/cache_policies/prefix_cache.h"
#include "model/diffusion/cache_policies/vicinity_cache.h"
#include "runtime/base/check.h"

namespace unmask::diffusion {

using CachePolicy =
    std::variant<NoCache, PrefixCache, DualCache, VicinityCache, BlockCache, ActiveCache>;
using CacheState =
    std::variant<NoCache::State, RefreshState, VicinityCache::State, BlockCache::State>;

// Both travel to workers and devices as bytes.
static_assert(std::is_trivially_copyable_v<CachePolicy>);
static_assert(std::is_trivially_copyable_v<CacheState>);

/// The state at the start of a sequence.
inline CacheState initial_state(const CachePolicy& policy) {
  return std::visit(
      []<typename Params>(const Params&) { return CacheState(typename Params::State{}); }, policy);
}

inline MaxUse max_use(const CachePolicy& policy, std::int32_t num_positions,
                      std::int32_t block_length) {
  return std::visit(
      [&](const auto& params) { return max_use(params, num_positions, block_length); }, policy);
}

/// For the host. state: of this policy.
inline Plan plan(const CachePolicy& policy, const PlanInput& input, CacheState& state) {
  return std::visit(
      [&]<typename Params>(const Params& params) {
        auto* own_state = std::get_if<typename Params::State>(&state);
        UNMASK_CHECK(own_state != nullptr);
        static_assert(noexcept(plan(params, input, *own_state)));
        return plan(params, input, *own_state);
      },
      policy);
}

}  // namespace unmask::diffusion
