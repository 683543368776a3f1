/// How the candidates of two parts of the vocabulary become one.

#pragma once

#include <cmath>

#include "kernels/ops/candidate_stats.h"
#include "runtime/base/host_device.h"

namespace unmask::kernels {

/// What is taken from a logit so that exp() of the rest is `weight` times its probability.
UNMASK_HOST_DEVICE inline float log_normalizer(const CandidateStats& stats, float weight) {
  constexpr float kNothing = 3e38f;  // exp() of whatever is left is 0
  return weight > 0 ? stats.max + logf(stats.sum_exp) - logf(weight) : kNothing;
}

/// Stats of no ids at all.
UNMASK_HOST_DEVICE constexpr CandidateStats no_candidates() {
  CandidateStats none;
  none.max = none.logit = none.runner_up_logit = -HUGE_VALF;
  return none;
}

namespace merge_detail {

struct Choice {
  std::int32_t token;
  float logit;
};

UNMASK_HOST_DEVICE inline bool is_before(Choice a, Choice b) {
  if (a.token < 0 || b.token < 0) return b.token < 0 && a.token >= 0;
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

UNMASK_HOST_DEVICE inline void merge_choices(const CandidateStats& a, const CandidateStats& b,
                                             CandidateStats& out) {
  const bool a_wins = !is_before({b.token, b.logit}, {a.token, a.logit});
  const CandidateStats &winner = a_wins ? a : b, &loser = a_wins ? b : a;
  out.token = winner.token;
  out.logit = winner.logit;
  const Choice second{winner.runner_up, winner.runner_up_logit}, other{loser.token, loser.logit};
  const Choice runner_up = is_before(other, second) ? other : second;
  out.runner_up = runner_up.token;
  out.runner_up_logit = runner_up.logit;
}

}  // namespace merge_detail

/// In double, rounded once: the parts' order decides the bytes, so both sides of a tree agree.
UNMASK_HOST_DEVICE inline CandidateStats merged(const CandidateStats& a, const CandidateStats& b) {
  CandidateStats out = no_candidates();
  merge_detail::merge_choices(a, b, out);
  const bool b_is_empty = b.sum_exp == 0, a_is_empty = a.sum_exp == 0;
  if (a_is_empty || b_is_empty) {
    const CandidateStats& only = b_is_empty ? a : b;
    out.max = only.max;
    out.sum_exp = only.sum_exp;
    out.sum_x_exp = only.sum_x_exp;
    return out;
  }
  out.max = a.max > b.max ? a.max : b.max;
  const double below_a = double(a.max) - out.max, below_b = double(b.max) - out.max;
  const double factor_a = std::exp(below_a), factor_b = std::exp(below_b);
  out.sum_exp = float(a.sum_exp * factor_a + b.sum_exp * factor_b);
  out.sum_x_exp = float((a.sum_x_exp + below_a * a.sum_exp) * factor_a +
                        (b.sum_x_exp + below_b * b.sum_exp) * factor_b);
  return out;
}

}  // namespace unmask::kernels
