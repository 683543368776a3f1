/// One order to the workers of a replica, and their answer. Values only: they travel as messages.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/ids.h"
#include "runtime/base/result.h"

namespace unmask {

/// Positions [begin, end) of a canvas.
struct Range {
  std::int32_t begin = 0;
  std::int32_t end = 0;

  [[nodiscard]] std::int32_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

/// Ascending, disjoint, none empty.
using Ranges = std::vector<Range>;

/// Which positions play which part in one forward; the five sets differ.
///
/// A computed row sees the fresh keys of all computed rows and the cached keys of `visible`; where
/// a position is in both, the fresh one counts.
struct Window {
  Ranges computed;  ///< rows of this forward
  Ranges visible;   ///< cached positions the rows see
  Ranges written;   ///< computed positions whose K/V stay in the cache afterwards
  Ranges decoded;   ///< computed positions that give one candidate each, hole or not
  Ranges mixed;     ///< computed positions whose soft row is rebuilt (smoothing)
  /// 0: every row sees all keys. Else attention is block-causal: a row sees the keys up to the end
  /// of its own block; blocks of this length are counted from position 0.
  std::int32_t causal_block_length = 0;

  bool operator==(const Window&) const = default;
};

enum class Phase : std::uint8_t { kPrefill, kRefresh, kDenoise, kCommit };

/// Which tokens may be chosen, and how candidates are drawn.
struct SamplingRules {
  std::vector<std::int32_t> never_chosen;       ///< ascending
  std::vector<std::int32_t> not_in_confidence;  ///< ascending; left out of log-sum-exp
  std::int32_t choosable_end = INT32_MAX;       ///< ids from here on are never chosen
  float temperature = 0;                        ///< 0: the argmax; else the token is drawn
  std::int32_t top_k = 0;                       ///< drawn from so many likeliest; 0: from all
  float top_p = 1;                              ///< drawn from the likeliest with that share
  std::uint64_t seed = 0;                       ///< of the job
  std::int32_t block = 0;                       ///< with the decision: what is drawn is a function
  std::int32_t decision = 0;                    ///< of seed, block, decision, position and token
  float cfg_scale = 0;                          ///< > 0: `guidance_inputs` are given

  bool operator==(const SamplingRules&) const = default;
};

/// Optional columns of a candidate, as a set of bits.
enum Statistics : std::uint32_t {
  kEntropy = 1,
  kRunnerUp = 2,
  kPresentLogit = 4,
};

/// Tokens whose logits are wanted beside the best one, per decoded row (CSR), with the credit that
/// is added to each before the choice.
struct ListedTokens {
  std::vector<std::int32_t> offsets;  ///< [num_decoded + 1], or empty = none listed
  std::vector<std::int32_t> tokens;
  std::vector<float> credits;

  bool operator==(const ListedTokens&) const = default;
};

inline constexpr std::int32_t kSoftRow = -1;  ///< as an input: the soft row the worker stored

/// One sequence's part of a forward.
struct SequenceStep {
  SequenceId sequence = 0;
  Phase phase = Phase::kDenoise;
  std::int32_t iteration = 0;      ///< of the sequence, from 0; counts its forwards
  std::int32_t num_positions = 0;  ///< length of the canvas; the same in every step of a sequence
  Window window;
  std::vector<std::int32_t> inputs;           ///< per computed row: a token, or kSoftRow
  std::vector<std::int32_t> guidance_inputs;  ///< second row set of classifier-free guidance
  SamplingRules rules;
  std::uint32_t statistics = 0;       ///< set of Statistics
  std::vector<std::int32_t> present;  ///< per decoded row, if kPresentLogit: -1 = a hole
  ListedTokens listed;
  float mix_weight = 0;          ///< of window.mixed
  std::int32_t mask_token = -1;  ///< whose embedding the rows of window.mixed are added to
  Bytes loop{};  ///< of a burst: the loop that asks for this, as diffusion::loop_from() reads it
};

/// One forward of all sequences that run. With a burst the workers go on with up to `burst`
/// forwards altogether, as their loops say, and answer each as if it had been asked for: with the
/// seq after.
struct Step {
  Epoch epoch = 0;
  std::uint64_t seq = 0;  ///< counts up within an epoch
  std::vector<SequenceStep> sequences;
  std::vector<SequenceId> closed;  ///< their pages and soft rows are freed before the forward
  std::int32_t burst = 1;
};

/// One candidate per decoded position, by ascending position; a column per field. Optional columns
/// are empty unless wanted.
struct CandidateColumns {
  std::vector<std::int32_t> position;
  std::vector<std::int32_t> token;
  std::vector<float> logit;
  std::vector<float> log_sum_exp;
  std::vector<float> entropy;
  std::vector<std::int32_t> runner_up;
  std::vector<float> runner_up_logit;
  std::vector<std::int32_t> raw_token;  ///< argmax before credit
  std::vector<float> present_logit;
  std::vector<float> listed_logit;  ///< along ListedTokens::tokens

  bool operator==(const CandidateColumns&) const = default;
};

/// Why a worker does not compute a sequence of a step; by sequence, nothing where it does.
using Refusals = std::vector<std::optional<Error>>;

struct SequenceResult {
  SequenceId sequence = 0;
  std::int32_t iteration = 0;
  CandidateColumns candidates;
  std::optional<Error> refusal;  ///< instead of candidates; the other sequences are not concerned
  std::uint64_t asked =
      0;  ///< within a burst: diffusion::digest_of() what the workers went on with
};

/// Logits never leave the worker. Rank 0 sends candidates, the other ranks only the digest.
struct StepResult {
  Epoch epoch = 0;
  std::uint64_t seq = 0;
  std::vector<SequenceResult> sequences;
  std::uint64_t digest = 0;  ///< of all candidates; equal on every rank
  std::chrono::microseconds device_time{0};
  std::chrono::microseconds collective_time{0};
  bool goes_on = false;  ///< within a burst: the next forward is being made
};

}  // namespace unmask
