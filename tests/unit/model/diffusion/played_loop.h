/// A diffusion loop whose model is a function of the test.

#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "model/diffusion/loop.h"

namespace unmask::diffusion {

inline constexpr Vocabulary kVocabulary{.mask_id = 99, .eos_id = 98, .choosable_end = 100};

/// Of a model that the parameters suit.
inline Vocabulary vocabulary_for(const DiffusionParams& params) {
  Vocabulary vocabulary = kVocabulary;
  vocabulary.is_block_causal = params.compat.needs_block_causal ||
                               (params.cache && std::holds_alternative<BlockCache>(*params.cache));
  return vocabulary;
}

struct Guess {
  std::int32_t token = 0;
  float confidence = 1;
};
using Model = std::function<Guess(std::int32_t position, std::int32_t iteration)>;

inline CandidateColumns answer(const SequenceStep& step, const Model& model) {
  CandidateColumns columns;
  for (const Range range : step.window.decoded) {
    for (std::int32_t position = range.begin; position < range.end; ++position) {
      const Guess guess = model(position, step.iteration);
      columns.position.push_back(position);
      columns.token.push_back(guess.token);
      columns.logit.push_back(std::log(guess.confidence));
      columns.log_sum_exp.push_back(0);
      if ((step.statistics & kEntropy) == 0) continue;
      columns.entropy.push_back(-std::log(guess.confidence));
    }
  }
  const ListedTokens& listed = step.listed;
  for (std::size_t row = 0; row + 1 < listed.offsets.size(); ++row) {
    for (std::int32_t i = listed.offsets[row]; i < listed.offsets[row + 1]; ++i) {
      const bool is_best = listed.tokens[std::size_t(i)] == columns.token[row];
      columns.listed_logit.push_back(is_best ? columns.logit[row] : columns.logit[row] - 1);
    }
  }
  return columns;
}

inline DiffusionLoop loop_of(const DiffusionParams& params, std::vector<std::int32_t> prompt,
                             std::int32_t gen_length) {
  return *DiffusionLoop::create(params, vocabulary_for(params),
                                Canvas::of_prompt(prompt, gen_length, kVocabulary.mask_id));
}

struct History {
  std::vector<SequenceStep> steps;
  std::vector<Applied> applied;
};

/// Until the end, or until `limit` forwards were made.
inline History run(DiffusionLoop& loop, const Model& model, int limit = 10000) {
  History history;
  while (auto step = loop.next()) {
    history.steps.push_back(*step);
    if (int(history.steps.size()) > limit) break;
    auto applied = loop.apply(answer(*step, model));
    if (!applied) {
      ADD_FAILURE() << applied.error().message;
      break;
    }
    history.applied.push_back(*applied);
  }
  return history;
}

inline Guess sure(std::int32_t position, std::int32_t /*iteration*/) {
  return {10 + position, 0.99f};
}

}  // namespace unmask::diffusion
