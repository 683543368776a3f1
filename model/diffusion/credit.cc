#include "model/diffusion/credit.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.h"

namespace unmask::diffusion {

CreditLedger::CreditLedger(Range block) : block_(block), entries_(std::size_t(block.size())) {}

ListedTokens CreditLedger::listed(const Ranges& decoded) const {
  ListedTokens listed;
  listed.offsets.push_back(0);
  for (const Range range : decoded) {
    for (std::int32_t position = range.begin; position < range.end; ++position) {
      for (const Entry& entry : entries_[std::size_t(position - block_.begin)]) {
        listed.tokens.push_back(entry.token);
      }
      listed.offsets.push_back(std::int32_t(listed.tokens.size()));
    }
  }
  if (listed.tokens.empty()) return {};
  return listed;
}

CandidateColumns CreditLedger::fuse(const Credit& params, const CandidateColumns& columns,
                                    const std::vector<bool>& is_hole) {
  for (std::vector<Entry>& entries : entries_) {
    for (Entry& entry : entries) entry.credit *= params.decay_beta;
  }
  CandidateColumns fused = columns;
  fused.raw_token = columns.token;
  fused.listed_logit.clear();
  std::size_t next_listed = 0;
  std::vector<float> logits;  // of a position's entries
  for (std::size_t i = 0; i < columns.position.size(); ++i) {
    std::vector<Entry>& entries = entries_[std::size_t(columns.position[i] - block_.begin)];
    logits.clear();
    for (std::size_t n = 0; n < entries.size(); ++n) {
      UNMASK_CHECK(next_listed < columns.listed_logit.size());
      logits.push_back(columns.listed_logit[next_listed++]);
    }
    const double log_sum_exp = columns.log_sum_exp[i];
    if (is_hole[i]) {
      auto best = std::ranges::find(entries, columns.token[i], &Entry::token);
      if (best == entries.end()) {
        best = entries.insert(best, Entry{columns.token[i], 0});
        logits.push_back(columns.logit[i]);
      }
      const double log_p = double(columns.logit[i]) - log_sum_exp;
      best->credit += float(std::exp(double(params.boost_gamma) * log_p));
    }
    // Only tokens with credit change: the sum over the vocabulary by what they gain, and the best
    // is one of them or the best before.
    double gain = 0;
    double more_surprise = 0;  // of the mean of -ln p', but for what all tokens lose to `gain`
    for (std::size_t n = 0; n < entries.size(); ++n) {
      const double boost = double(params.credit_alpha) * std::log1p(double(entries[n].credit));
      const double log_p = double(logits[n]) - log_sum_exp;
      const double more_p = std::exp(log_p) * std::expm1(boost);
      gain += more_p;
      more_surprise -= more_p * log_p + (std::exp(log_p) + more_p) * boost;
      const auto logit = float(double(logits[n]) + boost);
      const bool is_better =
          logit > fused.logit[i] || (logit == fused.logit[i] && entries[n].token < fused.token[i]);
      if (entries[n].token == fused.token[i] || is_better) {
        fused.token[i] = entries[n].token;
        fused.logit[i] = logit;
      }
    }
    fused.log_sum_exp[i] = float(log_sum_exp + std::log1p(gain));
    if (columns.entropy.empty()) continue;
    fused.entropy[i] =
        float((double(columns.entropy[i]) + more_surprise) / (1 + gain) + std::log1p(gain));
  }
  return fused;
}

}  // namespace unmask::diffusion
