/// Everything that a job says about how its canvas is filled.

#pragma once

#include <cstdint>
#include <optional>

#include "model/diffusion/cache_policies/cache_policy.h"
#include "model/diffusion/compat.h"
#include "model/diffusion/credit.h"
#include "model/diffusion/param.h"
#include "model/diffusion/remasking.h"
#include "model/diffusion/smoothing.h"
#include "model/diffusion/strategies/strategy.h"

namespace unmask::diffusion {

inline constexpr double kMaxTokenId = INT32_MAX;
inline constexpr double kMaxSeed = 9007199254740991.0;  // 2^53 - 1: exact in JSON of any client

struct DiffusionParams {
  std::int32_t gen_length = 128;
  std::int32_t block_length = 32;
  bool start_block_align = false;
  Strategy strategy = Threshold{};
  std::optional<Credit> credit{};  ///< wraps the strategy
  std::optional<Smoothing> smoothing{};
  /// Unset: none with full attention, block with block-causal attention; both are exact.
  std::optional<CachePolicy> cache{};
  Compat compat = kDefault;
  float temperature = 0;   ///< 0: the surest token; else it is drawn, see kernels::DrawTokens
  std::int32_t top_k = 0;  ///< drawn from so many; 0: from all
  float top_p = 1;
  Remasking remasking = LowConfidence{};
  std::uint64_t seed = 0;
  std::int32_t mask_id = -1;    ///< -1: the model's
  std::int32_t eos_id = -1;     ///< -1: the model's
  std::int32_t eot_id = -1;     ///< end of a turn, as confidence_eos_eot_inf knows it; -1: none
  float cfg_scale = 0;          ///< of classifier-free guidance; 0: none
  bool logits_eos_inf = false;  ///< the EOS is never chosen and counts for nothing
  bool confidence_eos_eot_inf = false;  ///< EOS and EoT are chosen last: they have no confidence

  static void for_each_param(auto& params, auto visit) {
    visit(Param{"gen_length",
                "how many positions are generated behind the prompt",
                {1, kMaxPositions},
                "tokens"},
          params.gen_length);
    visit(Param{"block_length",
                "positions that are decoded together; the last block may be shorter",
                {1, kMaxPositions},
                "tokens"},
          params.block_length);
    visit(Param{"start_block_align",
                "blocks start at multiples of block_length, not at the prompt's end"},
          params.start_block_align);
    visit(Param{"strategy", "which holes become tokens after a forward"}, params.strategy);
    visit(Param{"credit", "tokens that were the best for several forwards gain confidence"},
          params.credit);
    visit(
        Param{"smoothing",
              "holes are read as what the forward before thought of them; few are filled at first"},
        params.smoothing);
    visit(Param{"cache",
                "which keys and values are kept; none is exact, dual fast; block: for block-causal "
                "models"},
          params.cache);
    visit(Param{"early_stop",
                "end with the first end-of-text token, and do not fill the rest of gen_length"},
          params.compat.early_stop);
    visit(Param{"temperature",
                "0: always the surest token; else tokens are drawn, the likely ones more often",
                {0, 100}},
          params.temperature);
    visit(Param{"top_k",
                "tokens are drawn from so many of the likeliest; 0: from all",
                {0, kMaxTokenId},
                "tokens"},
          params.top_k);
    visit(Param{"top_p",
                "tokens are drawn from the fewest likeliest that have this probability together",
                {0, 1}},
          params.top_p);
    visit(Param{"remasking",
                "which candidates count as sure: those of high probability, or random ones"},
          params.remasking);
    visit(Param{"seed", "of the random numbers; the same seed gives the same text", {0, kMaxSeed}},
          params.seed);
    visit(Param{"mask_id", "default: the model's", {0, kMaxTokenId}, "token id", Unset::kByDefault},
          params.mask_id);
    visit(Param{"eos_id", "default: the model's", {0, kMaxTokenId}, "token id", Unset::kByDefault},
          params.eos_id);
    visit(Param{"eot_id",
                "end of a turn, for confidence_eos_eot_inf",
                {0, kMaxTokenId},
                "token id",
                Unset::kByDefault},
          params.eot_id);
    visit(Param{"cfg_scale",
                "classifier-free guidance: away from what is said without the prompt; twice the "
                "rows",
                {0, 100}},
          params.cfg_scale);
    visit(Param{"logits_eos_inf", "the end-of-text token is never chosen"}, params.logits_eos_inf);
    visit(Param{"confidence_eos_eot_inf", "the ends of text and turn are chosen last"},
          params.confidence_eos_eot_inf);
    visit(Param{"driver",
                "whose habits the loop has: ours, or those of a reference, to compare with it"},
          params.compat);
  }

  bool operator==(const DiffusionParams&) const = default;
};

}  // namespace unmask::diffusion
