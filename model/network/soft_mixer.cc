#include "model/network/soft_mixer.h"

namespace unmask::network {

using kernels::CandidateStats;
using kernels::DType;
using kernels::Tensor;

namespace {

/// CandidateStats that each row takes beside those of the answers.
std::size_t stats_of_row(const Placement& placement) { return placement.num_ranks == 1 ? 1 : 2; }

}  // namespace

std::size_t SoftMixer::scratch_bytes(const Placement& placement, int hidden_size, int max_rows) {
  return std::size_t(max_rows) *
             (2 * sizeof(float) * std::size_t(hidden_size) +
              stats_of_row(placement) * sizeof(CandidateStats) + sizeof(std::int32_t)) +
         sizeof(kernels::LogitRules);
}

SoftMixer::SoftMixer(kernels::Backend& backend, const Placement& placement, int hidden_size,
                     int max_rows, int num_rows)
    : backend_(backend), placement_(placement), hidden_size_(hidden_size), num_rows_(num_rows) {
  if (num_rows == 0) return;
  const std::size_t row_bytes = std::size_t(hidden_size) * sizeof(float);
  const std::size_t stats_bytes = std::size_t(max_rows) * sizeof(CandidateStats);
  pool_ = backend.allocate(std::size_t(num_rows) * row_bytes);
  sums_ = backend.allocate(std::size_t(max_rows) * row_bytes);
  part_ = backend.allocate(std::size_t(max_rows) * row_bytes);
  stats_ = backend.allocate(stats_bytes);
  no_rules_ = backend.allocate(sizeof(kernels::LogitRules));
  rules_of_row_ = backend.allocate(std::size_t(max_rows) * sizeof(std::int32_t));
  if (placement.num_ranks == 1) return;
  part_stats_ = backend.allocate(stats_bytes);
}

Tensor SoftMixer::rows() const {
  if (num_rows_ == 0) return {};
  return {pool_->data(), DType::kF32, num_rows_, hidden_size_};
}

Result<> SoftMixer::mix(Tensor hidden, const Batch& batch, Network& network, Group& group) {
  LmHead& head = network.head();
  const int count = batch.mixed_room();
  const Tensor normal = head.normal_rows(hidden, batch.mixed_rows, count, batch.live_mixed);
  const auto stats = find_stats(normal, batch, head, group);
  if (!stats) return stats.error();

  const Tensor sums{sums_->data(), DType::kF32, count, hidden_size_, batch.live_mixed};
  const Tensor part{part_->data(), DType::kF32, count, hidden_size_, batch.live_mixed};
  const Tensor table = network.embeddings();
  const Slice held = placement_.slice(head.vocab_size());
  const Tensor held_table = kernels::rows_of(table, held.begin, held.size());
  backend_.run(kernels::Embed{.table = table, .tokens = batch.mask_tokens, .out = sums});
  backend_.run(kernels::MixEmbeddings{.x = normal,
                                      .head = head.matrix(),
                                      .table = held_table,
                                      .vocab_shares = placement_.shares(head.vocab_size()),
                                      .stats = *stats,
                                      .weights = batch.mix_weights,
                                      .out = part});
  const Result<> added = group.add_parts(sums, part);
  if (!added) return added;
  backend_.run(kernels::ScatterRows{.x = sums, .rows = batch.soft_rows_of, .out = rows()});
  return {};
}

Result<const CandidateStats*> SoftMixer::find_stats(Tensor normal, const Batch& batch, LmHead& head,
                                                    Group& group) {
  auto* const merged = static_cast<CandidateStats*>(stats_->data());
  auto* const found = group.is_alone() ? merged : static_cast<CandidateStats*>(part_stats_->data());
  backend_.run(kernels::LmHeadCandidates{
      .x = normal,
      .head = head.matrix(),
      .vocab_shares = placement_.shares(head.vocab_size()),
      .first_token = placement_.slice(head.vocab_size()).begin,
      .rules = static_cast<const kernels::LogitRules*>(no_rules_->data()),
      .rules_of_row = static_cast<const std::int32_t*>(rules_of_row_->data()),
      .out = found});
  if (group.is_alone()) return merged;
  const Result<> done = head.merge_stats(found, normal.rows, batch.live_mixed, merged, group);
  if (!done) return done.error();
  return merged;
}

}  // namespace unmask::network
