#include "tests/simulation/hash_model.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace unmask::simulation {
namespace {

constexpr std::int32_t kMaxPositions = 256;
constexpr std::uint64_t kEosOneIn = 96;  // guesses

/// Source  splitmix64 (Steele, Lea, Flood 2014)
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

double uniform(std::uint64_t bits) { return double(bits >> 11) * 0x1p-53; }

}  // namespace

actors::JobModel HashModel::for_jobs() {
  return {
      {.mask_id = kMask, .eos_id = kEos, .choosable_end = kVocabulary}, kVocabulary, kMaxPositions};
}

void HashModel::see(std::int32_t position, std::int32_t token) {
  seen_ = mix(seen_ + (std::uint64_t(std::uint32_t(position)) << 32 | std::uint32_t(token)));
}

std::uint64_t HashModel::bits_of(std::int32_t position) const {
  return mix(seen_ ^ mix(std::uint64_t(position) + 1));
}

HashedGuess HashModel::guess(std::int32_t position, const SamplingRules& rules) const {
  std::uint64_t bits = bits_of(position);
  if (rules.temperature > 0) {
    const std::uint64_t when = std::uint64_t(rules.block) << 32 | std::uint32_t(rules.decision);
    bits = mix(bits ^ mix(rules.seed ^ mix(when)));
    bits = mix(bits ^ std::bit_cast<std::uint32_t>(rules.temperature));
    bits = mix(bits ^ std::uint64_t(rules.top_k) << 32 ^ std::bit_cast<std::uint32_t>(rules.top_p));
  }
  HashedGuess guess;
  const bool is_eos = mix(bits + 1) % kEosOneIn == 0 &&
                      !std::ranges::binary_search(rules.never_chosen, std::int32_t(kEos));
  guess.token = is_eos ? kEos : std::int32_t(bits % std::uint64_t(kEos));
  while (std::ranges::binary_search(rules.never_chosen, guess.token)) {
    guess.token = (guess.token + 1) % kEos;
  }
  const double confidence = 0.3 + 0.699 * uniform(mix(bits + 2));
  guess.log_sum_exp = float(1 + 20 * uniform(mix(bits + 3)));
  guess.logit = float(double(guess.log_sum_exp) + std::log(confidence));
  guess.entropy = float(2 * uniform(mix(bits + 4)));
  return guess;
}

std::int32_t HashModel::soft_row(std::int32_t position, float weight) const {
  const std::uint64_t bits = mix(bits_of(position) ^ std::bit_cast<std::uint32_t>(weight));
  return std::int32_t(kVocabulary + bits % 1'000'000'000);
}

float HashModel::logit(std::int32_t position, std::int32_t token, const HashedGuess& best) const {
  if (token == best.token) return best.logit;
  return best.logit - float(0.01 + 3 * uniform(mix(bits_of(position) + mix(std::uint64_t(token)))));
}

std::set<std::int32_t> seen_positions(const Window& window) {
  std::set<std::int32_t> positions;
  for (const Ranges* ranges : {&window.computed, &window.visible}) {
    for (const Range range : *ranges) {
      for (std::int32_t p = range.begin; p < range.end; ++p) positions.insert(p);
    }
  }
  return positions;
}

CandidateColumns guesses(const HashModel& model, const SequenceStep& step) {
  CandidateColumns columns;
  const ListedTokens& listed = step.listed;
  std::size_t row = 0;
  for (const Range range : step.window.decoded) {
    for (std::int32_t p = range.begin; p < range.end; ++p, ++row) {
      const HashedGuess guess = model.guess(p, step.rules);
      columns.position.push_back(p);
      columns.token.push_back(guess.token);
      columns.logit.push_back(guess.logit);
      columns.log_sum_exp.push_back(guess.log_sum_exp);
      if ((step.statistics & kEntropy) != 0) columns.entropy.push_back(guess.entropy);
      if (listed.offsets.empty()) continue;
      for (std::int32_t i = listed.offsets[row]; i < listed.offsets[row + 1]; ++i) {
        columns.listed_logit.push_back(model.logit(p, listed.tokens[std::size_t(i)], guess));
      }
    }
  }
  return columns;
}

}  // namespace unmask::simulation
