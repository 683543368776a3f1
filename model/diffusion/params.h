/// Everything that a job says about how its canvas is filled.

#pragma once

#include <cstdint>
#include <optional>

#include "model/diffusion/cache_policies/cache_policy.h"
#include "model/diffusion/compat.h"
#include "model/diffusion/credit.h"
#include "model/diffusion/strategies/strategy.h"

namespace unmask::diffusion {

/// Names, ranges and units: job_params.h.
struct DiffusionParams {
  std::int32_t gen_length = 128;
  std::int32_t block_length = 32;
  bool start_block_align = false;
  Strategy strategy = Threshold{};
  std::optional<Credit> credit{};  ///< wraps the strategy
  /// Unset: none with full attention, block with block-causal attention; both are exact.
  std::optional<CachePolicy> cache{};
  Compat compat = kDefault;
  std::uint64_t seed = 0;
  std::int32_t mask_id = -1;    ///< -1: the model's
  std::int32_t eos_id = -1;     ///< -1: the model's
  std::int32_t eot_id = -1;     ///< end of a turn, as confidence_eos_eot_inf knows it; -1: none
  bool logits_eos_inf = false;  ///< the EOS is never chosen and counts for nothing
  bool confidence_eos_eot_inf = false;  ///< EOS and EoT are chosen last: they have no confidence

  bool operator==(const DiffusionParams&) const = default;
};

}  // namespace unmask::diffusion
