#pragma once

#include <cstdint>
#include <set>

#include "actors/coordinator/running_job.h"
#include "model/step.h"

namespace unmask::simulation {

/// What a hash of tokens says of one position.
struct HashedGuess {
  std::int32_t token = 0;
  float logit = 0;
  float log_sum_exp = 0;
  float entropy = 0;
};

/// A model whose logits are a hash of everything a row sees and of its position: whoever confuses
/// a token, a page, a sequence or an order gets other tokens. Microseconds per step.
class HashModel {
 public:
  static constexpr std::int32_t kVocabulary = 200;
  static constexpr std::int32_t kMask = 199;
  static constexpr std::int32_t kEos = 198;

  /// What admission has to know of it.
  static actors::JobModel for_jobs();

  /// Takes the keys that a row sees, by ascending position.
  void see(std::int32_t position, std::int32_t token);
  /// Of a row that sees what was given so far: the best of the tokens that may be chosen.
  [[nodiscard]] HashedGuess guess(std::int32_t position, const SamplingRules& rules) const;
  /// What smoothing makes of that row: a "token" beyond all that there are.
  [[nodiscard]] std::int32_t soft_row(std::int32_t position, float weight) const;
  /// Of another token of that row: less than its best one's.
  [[nodiscard]] float logit(std::int32_t position, std::int32_t token,
                            const HashedGuess& best) const;

 private:
  [[nodiscard]] std::uint64_t bits_of(std::int32_t position) const;

  std::uint64_t seen_ = 0x9e3779b97f4a7c15ULL;
};

/// Positions whose keys the decoded rows of a window see, cached or fresh. With block-causal
/// attention too: what stands behind their block is in no window.
[[nodiscard]] std::set<std::int32_t> seen_positions(const Window& window);

/// The model's candidates at the decoded positions, and its logits of the tokens that are listed.
[[nodiscard]] CandidateColumns guesses(const HashModel& model, const SequenceStep& step);

}  // namespace unmask::simulation
