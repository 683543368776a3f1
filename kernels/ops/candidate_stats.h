#pragma once

#include <cstdint>

namespace unmask::kernels {

/// What the vocabulary says of one row; of a part of the vocabulary, until merged.
///
/// log-sum-exp = max + ln(sum_exp). The lowest id wins a tie. A part where nothing may be chosen
/// has token -1 and logit -inf.
struct CandidateStats {
  float max = 0;        ///< largest logit that counts for the confidence
  float sum_exp = 0;    ///< sum of exp(logit - max) over the ids that count
  float sum_x_exp = 0;  ///< sum of (logit - max) * exp(logit - max): gives the entropy
  std::int32_t token = -1;
  float logit = 0;  ///< of `token`
  std::int32_t runner_up = -1;
  float runner_up_logit = 0;
};

}  // namespace unmask::kernels
