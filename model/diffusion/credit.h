#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "model/diffusion/param.h"
#include "model/step.h"

namespace unmask::diffusion {

/// Trace credit: a token that was a position's best for several iterations gains, so that it is
/// accepted earlier. Wraps any strategy, which then decides on the fused logits.
///
///   C[i, v] = decay_beta * C[i, v], then C[i, best of i] += p(best of i) ^ boost_gamma
///   z'[i, v] = z[i, v] + credit_alpha * ln(1 + C[i, v])
///
/// Source  CreditDecoding, arXiv:2510.06133, equations 6 and 7 and its tuned values
struct Credit {
  float credit_alpha = 0.65f;
  float decay_beta = 0.7f;
  float boost_gamma = 0.2f;

  static void for_each_param(auto& params, auto visit) {
    visit(Param{"credit_alpha",
                "weight of the credit: ln(1 + credit) * credit_alpha is added to the logit",
                {0, 10}},
          params.credit_alpha);
    visit(Param{"decay_beta", "what is left of a credit after a forward", {0, 1}},
          params.decay_beta);
    visit(Param{"boost_gamma", "a best token of probability p gains p ^ boost_gamma", {0, 10}},
          params.boost_gamma);
  }

  bool operator==(const Credit&) const = default;
};

/// The credits of one block, sparse: a position has as many as it had different best tokens.
class CreditLedger {
 public:
  struct Entry {
    std::int32_t token = 0;
    float credit = 0;

    bool operator==(const Entry&) const = default;
  };
  using Entries = std::vector<std::vector<Entry>>;  // [block positions]

  CreditLedger() = default;
  /// Nothing has credit.
  explicit CreditLedger(Range block);
  /// As it was: what block() and entries() said.
  CreditLedger(Range block, Entries entries) : block_(block), entries_(std::move(entries)) {}

  /// The tokens with credit at the positions of `decoded`, whose logits fuse() needs.
  [[nodiscard]] ListedTokens listed(const Ranges& decoded) const;

  /// Takes the candidates of listed() into account and returns them fused: token, logit and
  /// log-sum-exp as of z', entropy too where it is given, and raw_token. Holes gain credit; what is
  /// decided only loses it.
  ///
  /// is_hole: per candidate
  CandidateColumns fuse(const Credit& params, const CandidateColumns& columns,
                        const std::vector<bool>& is_hole);

  [[nodiscard]] Range block() const { return block_; }
  [[nodiscard]] const Entries& entries() const { return entries_; }

  bool operator==(const CreditLedger&) const = default;

 private:
  Range block_;
  Entries entries_;
};

}  // namespace unmask::diffusion
