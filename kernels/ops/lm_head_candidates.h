#pragma once

#include <cstdint>

#include "kernels/ops/candidate_stats.h"
#include "kernels/ops/draw_rules.h"
#include "kernels/packed_weights.h"
#include "kernels/shares.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// What may be chosen and what counts, for one sequence.
struct LogitRules {
  const std::int32_t* never_chosen = nullptr;  ///< ids that cannot be a candidate, ascending
  int num_never_chosen = 0;
  const std::int32_t* not_in_confidence = nullptr;  ///< ids left out of log-sum-exp, ascending
  int num_not_in_confidence = 0;
  std::int32_t choosable_end = INT32_MAX;  ///< ids from here on cannot be a candidate
  DrawRules draw{};                        ///< for DrawTokens
};

/// Candidates of every row from the part of the vocabulary held here; no logits in memory unless
/// they are wanted.
///
/// A logit that is wanted is -inf where its id is not held here.
/// Shapes  x [n, hidden]; head [ids held here, hidden], its columns in one share; out [n]
/// Dtypes  x f32 or bf16
struct LmHeadCandidates {
  Tensor x;
  const PackedMatrix& head;
  ShareOffsets vocab_shares;                   ///< of head's rows
  std::int32_t first_token = 0;                ///< id of head's first row
  const LogitRules* rules = nullptr;           ///< in device memory, as are their ids
  const std::int32_t* rules_of_row = nullptr;  ///< [n], indices into `rules`
  const std::int32_t* present = nullptr;  ///< [n], a token whose logit is wanted, or -1; null: none
  float* present_logits = nullptr;        ///< [n]
  const std::int32_t* listed_offsets = nullptr;  ///< [n + 1], further tokens per row; null: none
  const std::int32_t* listed_tokens = nullptr;   ///< [listed_offsets[n]]
  float* listed_logits = nullptr;                ///< [listed_offsets[n]]
  CandidateStats* out = nullptr;
  float* logits = nullptr;  ///< [n, ids held here]; null: not wanted

  void check() const;
};

}  // namespace unmask::kernels
