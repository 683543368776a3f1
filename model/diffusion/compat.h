/// Where the references differ from each other and from what a user wants, as named values.

#pragma once

#include <cstdint>
#include <string_view>

#include "model/diffusion/param.h"

namespace unmask::diffusion {

/// What `cache_update_freq` counts.
enum class RefreshCounter : std::uint8_t {
  kForwardsOfBlock,     ///< every n-th forward of a block is a refresh
  kForwardsOfSequence,  ///< every n-th forward of the sequence is a refresh
  kCallsOfSequence,  ///< a refresh and the cached forward behind it count once; never starts anew
};

/// How a cache policy that refreshes does it.
struct RefreshRules {
  RefreshCounter counter = RefreshCounter::kForwardsOfBlock;
  /// A refresh is followed by a cached forward at once, even if the block is finished by then.
  bool cached_forward_follows = false;
  /// Of a prefix cache the rows see what stands before them; else the whole canvas, of which their
  /// own keys take the place of the cached ones. The same keys, said in another way.
  bool prefix_is_appended_to = false;
  bool vicinity_as_dinfer = false;  ///< see vicinity_cache.h
  /// A block cache is filled by forwards of its own, one for the prompt and one behind a block,
  /// and by all that decode; else what is finished is computed once more with the next block.
  bool commits_blocks = false;

  bool operator==(const RefreshRules&) const = default;
};

/// How the canvas becomes the answer.
enum class Cut : std::uint8_t {
  kAtFirstEos,    ///< the first generated EOS and all behind it are cut off
  kEveryEosGone,  ///< all EOS are taken out, those of the prompt too; the rest stays
  kNothing,       ///< the whole canvas
  /// What was asked for, up to the first generated EOS, which stays. With eos_early_stop it is the
  /// first EOS of all, in the prompt even.
  kBehindFirstEos,
};

/// The loop's habits: the defaults are what jobs get, presets are what a reference does.
struct Compat {
  bool early_stop = true;          ///< the first block with an EOS is the last one
  bool always_stops = false;       ///< it is, whatever early_stop says
  bool prompt_eos_counts = false;  ///< an EOS of the prompt inside a block does so too
  bool stops_within_block = true;  ///< early_stop does not wait for the holes behind the EOS
  bool fills_with_eos = false;     ///< early_stop overwrites all later blocks with EOS
  /// early_stop overwrites all that stands behind the first EOS after every forward but a refresh,
  /// tokens that were decided too.
  bool fills_at_every_forward = false;
  bool has_eos_early_stop = false;  ///< jobs may say eos_early_stop
  /// A forward that decides an EOS is the last one if no hole is left before the first EOS of the
  /// canvas; the holes behind it stay.
  bool eos_early_stop = false;
  Cut cut = Cut::kAtFirstEos;
  bool may_choose_mask_id = false;  ///< a candidate may be the mask id; its hole then stays
  /// Forwards between two looks at the block, max(min(holes / expected_tpf, unroll), min_unroll),
  /// are made even if it is finished before.
  std::int32_t unroll = 1;
  std::int32_t min_unroll = 1;
  std::int32_t expected_tpf = 8;  ///< tokens per forward
  RefreshRules refresh{};
  bool needs_block_causal = false;    ///< with full attention it makes no sense
  bool completes_last_block = false;  ///< holes behind the canvas make a whole block of its last

  /// What a job may change of a reference's habits; early_stop it sets in any case.
  static void for_each_param(auto& params, auto visit) {
    visit(Param{"unroll",
                "at most so many forwards before the block is looked at",
                {1, kMaxPositions},
                "forwards"},
          params.unroll);
    visit(Param{"expected_tpf",
                "per forward: holes / expected_tpf forwards before the block is looked at",
                {0, kMaxPositions},
                "tokens"},
          params.expected_tpf);
    if (!params.has_eos_early_stop) return;
    visit(Param{"eos_early_stop", "do not fill the holes of a block behind an end-of-text token"},
          params.eos_early_stop);
  }

  bool operator==(const Compat&) const = default;
};

inline constexpr Compat kDefault{};

/// dInfer fce4e32, BlockWiseDiffusionLLM and the classes derived from it.
inline constexpr Compat kBlockwise{
    .early_stop = true,
    .always_stops = true,
    .prompt_eos_counts = true,
    .stops_within_block = false,
    .fills_with_eos = true,
    .cut = Cut::kEveryEosGone,
    .may_choose_mask_id = true,
    .unroll = 4,
    .expected_tpf = 8,
    .refresh = {.counter = RefreshCounter::kCallsOfSequence,
                .cached_forward_follows = true,
                .vicinity_as_dinfer = true},
};

/// dInfer fce4e32, generate_hierarchy; ML-GSAI LLaDA b7e6c35, generate: no cache, no end of text.
inline constexpr Compat kRaw{
    .early_stop = false,
    .cut = Cut::kNothing,
    .may_choose_mask_id = true,
};

/// dInfer fce4e32, its own variants of Fast-dLLM's generate functions.
inline constexpr Compat kFastDllm{
    .early_stop = false,
    .stops_within_block = false,
    .fills_at_every_forward = true,
    .cut = Cut::kNothing,
    .may_choose_mask_id = true,
    .refresh = {.prefix_is_appended_to = true},
};

/// NVlabs Fast-dLLM 24cc59e, generate, generate_with_prefix_cache and generate_with_dual_cache.
inline constexpr Compat kFastDllmOriginal{
    .early_stop = false,
    .cut = Cut::kNothing,
    .may_choose_mask_id = true,
    .refresh = {.cached_forward_follows = true, .prefix_is_appended_to = true},
};

/// dInfer fce4e32, BlockDiffusionLLM.
inline constexpr Compat kBlockDiffusion{
    .early_stop = true,
    .prompt_eos_counts = true,
    .stops_within_block = false,
    .fills_with_eos = true,
    .cut = Cut::kEveryEosGone,
    .may_choose_mask_id = true,
    .unroll = 4,
    .min_unroll = 2,
    .expected_tpf = 8,
    .refresh = {.commits_blocks = true},
    .needs_block_causal = true,
    .completes_last_block = true,
};

/// dInfer fce4e32, BlockDiffusionLLMAttnmask.
inline constexpr Compat kBlockDiffusionMask = [] {
  Compat compat = kBlockDiffusion;
  compat.always_stops = true;
  return compat;
}();

/// LLaDA2.1's token editing, as published.
inline constexpr Compat kLlada2Edit{
    .always_stops = true,
    .stops_within_block = false,
    .cut = Cut::kBehindFirstEos,
    .may_choose_mask_id = true,
    .refresh = {.commits_blocks = true},
    .needs_block_causal = true,
    .completes_last_block = true,
};

/// dFactory 92b6890, generate() of LLaDA2.0's modeling file.
inline constexpr Compat kLlada2Generate = [] {
  Compat compat = kLlada2Edit;
  compat.has_eos_early_stop = true;
  return compat;
}();

struct Preset {
  std::string_view driver;  ///< as golden traces name it
  Compat compat;
};
inline constexpr Preset kPresets[] = {
    {"unmask", kDefault},
    {"blockwise", kBlockwise},
    {"hierarchy", kRaw},
    {"llada_generate", kRaw},
    {"fastdllm", kFastDllm},
    {"fastdllm_original", kFastDllmOriginal},
    {"block_diffusion", kBlockDiffusion},
    {"block_diffusion_mask", kBlockDiffusionMask},
    {"llada2_generate", kLlada2Generate},
    {"llada2_edit", kLlada2Edit},
};

/// The first preset that `compat` is, but for what jobs set themselves; null if there is none.
constexpr const Preset* preset_of(Compat compat) {
  for (const Preset& preset : kPresets) {
    compat.early_stop = preset.compat.early_stop;
    compat.unroll = preset.compat.unroll;
    compat.expected_tpf = preset.compat.expected_tpf;
    compat.eos_early_stop = preset.compat.eos_early_stop;
    if (preset.compat == compat) return &preset;
  }
  return nullptr;
}

}  // namespace unmask::diffusion
