#include "model/network/candidates.h"

#include <cmath>
#include <span>

#include "runtime/base/digest.h"

namespace unmask::network {
namespace {

float log_sum_exp(const kernels::CandidateStats& stats) {
  return static_cast<float>(double(stats.max) + std::log(double(stats.sum_exp)));
}

/// ln(sum) - sum(x exp(x)) / sum, with x = logit - max: minus the mean of ln p.
float entropy(const kernels::CandidateStats& stats) {
  const double sum = stats.sum_exp;
  return static_cast<float>(std::log(sum) - double(stats.sum_x_exp) / sum);
}

template <typename T>
void add(Digest& digest, const std::vector<T>& column) {
  digest.add(std::uint64_t(column.size()));
  digest.add(std::as_bytes(std::span(column)));
}

}  // namespace

std::vector<SequenceResult> make_results(const Step& step, const DecodedRows& decoded) {
  std::vector<SequenceResult> results;
  std::size_t row = 0;
  std::size_t listed = 0;
  for (const SequenceStep& sequence : step.sequences) {
    SequenceResult result{.sequence = sequence.sequence,
                          .iteration = sequence.iteration,
                          .candidates = {},
                          .refusal = {}};
    CandidateColumns& columns = result.candidates;
    for (const Range range : sequence.window.decoded) {
      for (std::int32_t position = range.begin; position < range.end; ++position, ++row) {
        const kernels::CandidateStats& stats = decoded.stats[row];
        columns.position.push_back(position);
        const bool is_drawn = !decoded.drawn.empty() && decoded.drawn[row].token >= 0;
        columns.token.push_back(is_drawn ? decoded.drawn[row].token : stats.token);
        columns.logit.push_back(is_drawn ? decoded.drawn[row].logit : stats.logit);
        columns.log_sum_exp.push_back(log_sum_exp(stats));
        if ((sequence.statistics & kEntropy) != 0) columns.entropy.push_back(entropy(stats));
        if ((sequence.statistics & kRunnerUp) != 0) {
          columns.runner_up.push_back(stats.runner_up);
          columns.runner_up_logit.push_back(stats.runner_up_logit);
        }
        if ((sequence.statistics & kPresentLogit) != 0) {
          columns.present_logit.push_back(decoded.present_logits[row]);
        }
      }
    }
    for (std::size_t i = 0; i < sequence.listed.tokens.size(); ++i, ++listed) {
      columns.listed_logit.push_back(decoded.listed_logits[listed]);
    }
    results.push_back(std::move(result));
  }
  return results;
}

std::uint64_t digest_of(const std::vector<SequenceResult>& results) {
  Digest digest;
  for (const SequenceResult& result : results) {
    digest.add(result.sequence);
    const CandidateColumns& columns = result.candidates;
    add(digest, columns.position);
    add(digest, columns.token);
    add(digest, columns.logit);
    add(digest, columns.log_sum_exp);
    add(digest, columns.entropy);
    add(digest, columns.runner_up);
    add(digest, columns.runner_up_logit);
    add(digest, columns.raw_token);
    add(digest, columns.present_logit);
    add(digest, columns.listed_logit);
    digest.add(std::uint64_t(result.refusal.has_value()));
  }
  return digest.value();
}

}  // namespace unmask::network
