#include "tests/bench/head_subject.h"

#include <algorithm>

#include "kernels/shares.h"
#include "model/network/placement.h"
#include "tests/bench/random_weights.h"

namespace unmask::bench {
namespace {

using kernels::DType;
using kernels::Tensor;

}  // namespace

HeadSubject::HeadSubject(kernels::Backend& backend, const checkpoint::ModelConfig& config,
                         DType dtype, int max_rows)
    : backend_(backend),
      config_(config),
      norm_(backend, std::vector<float>(std::size_t(config.hidden_size), 1.0f)),
      hidden_(backend, random_values(std::size_t(max_rows) * std::size_t(config.hidden_size), 1)),
      normal_(backend, std::size_t(max_rows) * std::size_t(config.hidden_size)),
      rules_(backend, std::vector<kernels::LogitRules>(1)),
      rules_of_row_(backend, std::size_t(max_rows)),
      stats_(backend, std::size_t(max_rows)) {
  RandomWeights weights(0.02f);
  const std::int64_t max_part = RandomWeights::kMaxWeights / config.hidden_size;
  std::vector<kernels::HostMatrix> parts;
  for (std::int64_t rows = config.vocab_size; rows > 0; rows -= max_part) {
    parts.push_back(weights.next(std::min(rows, max_part), config.hidden_size));
  }
  head_ = backend.pack_matrix(parts, dtype, network::Placement::whole(config.hidden_size));
}

void HeadSubject::forward() {
  const auto rows_of = [&](const DeviceArray<float>& array) {
    return Tensor{array.data(), DType::kF32, num_rows_, config_.hidden_size};
  };
  backend_.run(kernels::RmsNorm{.x = rows_of(hidden_),
                                .weight = norm_.data(),
                                .eps = config_.rms_norm_eps,
                                .out = rows_of(normal_)});
  backend_.run(
      kernels::LmHeadCandidates{.x = rows_of(normal_),
                                .head = *head_,
                                .vocab_shares = kernels::local_shares(config_.vocab_size, 0, 1),
                                .rules = rules_.data(),
                                .rules_of_row = rules_of_row_.data(),
                                .out = stats_.data()});
}

}  // namespace unmask::bench
