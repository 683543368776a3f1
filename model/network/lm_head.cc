#include "model/network/lm_head.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/merge.h"

namespace unmask::network {
namespace {

using kernels::CandidateStats;
using kernels::DType;
using kernels::Tensor;

template <typename T>
T* data_of(const std::unique_ptr<kernels::Buffer>& buffer) {
  return static_cast<T*>(buffer->data());
}

}  // namespace

LmHead::LmHead(kernels::Backend& backend, Weights weights, const Placement& placement, int max_rows)
    : backend_(backend),
      weights_(std::move(weights)),
      placement_(placement),
      tokens_(placement.slice(weights_.vocab_size)) {
  const auto rows = static_cast<std::size_t>(max_rows);
  const std::size_t bytes =
      rows * std::size_t(weights_.hidden_size) * kernels::size_of(backend.activation_dtype());
  rows_ = backend.allocate(bytes);
  normal_ = backend.allocate(bytes);
  stats_ = backend.allocate(rows * sizeof(CandidateStats));
  present_ = backend.allocate(rows * sizeof(float));
  listed_ = backend.allocate(rows * sizeof(float));
  if (placement.num_ranks == 1) return;
  const auto num_ranks = static_cast<std::size_t>(placement.num_ranks);
  all_stats_ = backend.allocate(rows * num_parts() * sizeof(CandidateStats));
  all_logits_ = backend.allocate(rows * num_ranks * sizeof(float));
  nothing_.assign(rows * (num_parts() - num_ranks), kernels::no_candidates());
}

std::size_t LmHead::num_parts() const {
  return std::bit_ceil(static_cast<std::size_t>(placement_.num_ranks));
}

Tensor LmHead::normalize(Tensor rows) {
  const Tensor normal{normal_->data(), backend_.activation_dtype(), rows.rows, rows.cols};
  backend_.run(kernels::RmsNorm{
      .x = rows, .weight = data_of<float>(weights_.norm), .eps = weights_.eps, .out = normal});
  return normal;
}

Result<DecodedRows> LmHead::decode(Tensor hidden, const Batch& batch, Group& group) {
  const int num_rows = batch.num_decoded;
  const auto count = static_cast<std::size_t>(num_rows);
  const Tensor rows{rows_->data(), backend_.activation_dtype(), num_rows, hidden.cols};
  backend_.run(kernels::GatherRows{.x = hidden, .rows = batch.decoded_rows, .out = rows});
  const Tensor normal = normalize(rows);

  const Result<> listed =
      grow(listed_, static_cast<std::size_t>(batch.num_listed) * sizeof(float), group);
  if (!listed) return listed.error();
  backend_.run(kernels::LmHeadCandidates{
      .x = normal,
      .head = *weights_.head,
      .vocab_shares = placement_.shares(weights_.vocab_size),
      .first_token = tokens_.begin,
      .rules = batch.rules,
      .rules_of_row = batch.rules_of_row,
      .present = batch.present,
      .present_logits = batch.present != nullptr ? data_of<float>(present_) : nullptr,
      .listed_offsets = batch.listed_offsets,
      .listed_tokens = batch.listed_tokens,
      .listed_logits = batch.listed_offsets != nullptr ? data_of<float>(listed_) : nullptr,
      .out = data_of<CandidateStats>(stats_)});
  if (!group.is_alone()) {
    const Result<> merged = merge_stats(num_rows, group);
    if (!merged) return merged.error();
  }

  if (const Result<> done = group.wait(); !done) return done.error();
  DecodedRows decoded;
  decoded.stats.resize(count);
  backend_.download(decoded.stats.data(), stats_->data(), count * sizeof(CandidateStats));
  if (batch.present != nullptr) {
    auto logits = gather_logits(*present_, num_rows, group);
    if (!logits) return logits.error();
    decoded.present_logits = std::move(*logits);
  }
  if (batch.num_listed > 0) {
    auto logits = gather_logits(*listed_, batch.num_listed, group);
    if (!logits) return logits.error();
    decoded.listed_logits = std::move(*logits);
  }
  backend_.synchronize();
  return decoded;
}

Result<> LmHead::merge_stats(int num_rows, Group& group) {
  const auto count = static_cast<std::size_t>(num_rows);
  auto* all = data_of<CandidateStats>(all_stats_);
  const auto num_ranks = static_cast<std::size_t>(placement_.num_ranks);
  backend_.upload(all + num_ranks * count, nothing_.data(),
                  (num_parts() - num_ranks) * count * sizeof(CandidateStats));
  const Result<> gathered = group.gather(stats_->data(), all, count * sizeof(CandidateStats));
  if (!gathered) return gathered;
  backend_.run(kernels::MergeCandidates{.parts = all,
                                        .num_parts = static_cast<int>(num_parts()),
                                        .num_rows = num_rows,
                                        .out = data_of<CandidateStats>(stats_)});
  return {};
}

Result<std::vector<float>> LmHead::gather_logits(const kernels::Buffer& part, int count,
                                                 Group& group) {
  const auto size = static_cast<std::size_t>(count);
  std::vector<float> logits(size * static_cast<std::size_t>(placement_.num_ranks));
  if (group.is_alone()) {
    backend_.download(logits.data(), part.data(), size * sizeof(float));
    return logits;
  }
  const Result<> room = grow(all_logits_, logits.size() * sizeof(float), group);
  if (!room) return room.error();
  Result<> gathered = group.gather(part.data(), all_logits_->data(), size * sizeof(float));
  if (gathered) gathered = group.wait();
  if (!gathered) return gathered.error();
  backend_.download(logits.data(), all_logits_->data(), logits.size() * sizeof(float));
  backend_.synchronize();
  // The rank that holds a token gave its logit, the others -inf.
  for (std::size_t i = size; i < logits.size(); ++i) {
    logits[i % size] = std::max(logits[i % size], logits[i]);
  }
  logits.resize(size);
  return logits;
}

Result<> LmHead::grow(std::unique_ptr<kernels::Buffer>& buffer, std::size_t bytes, Group& group) {
  if (buffer->size() >= bytes) return {};
  const Result<> done = group.wait();
  if (done) buffer = backend_.allocate(2 * bytes);
  return done;
}

Result<std::vector<float>> LmHead::logits(Tensor hidden, Group& group) {
  const auto num_rows = static_cast<std::size_t>(hidden.rows);
  const auto vocab_size = static_cast<std::size_t>(weights_.vocab_size);
  const auto num_ranks = static_cast<std::size_t>(placement_.num_ranks);
  // Ranks hold slices of different sizes, and give equally many bytes.
  const std::size_t part_size = num_rows * (vocab_size / num_ranks + 1);
  auto part = backend_.allocate(part_size * sizeof(float));
  backend_.run(kernels::Linear{.x = normalize(hidden),
                               .weight = *weights_.head,
                               .out = {part->data(), DType::kF32, hidden.rows, tokens_.size()}});

  std::vector<float> parts(part_size * num_ranks);
  if (group.is_alone()) {
    backend_.download(parts.data(), part->data(), part_size * sizeof(float));
  } else {
    auto all = backend_.allocate(parts.size() * sizeof(float));
    Result<> gathered = group.gather(part->data(), all->data(), part_size * sizeof(float));
    if (gathered) gathered = group.wait();
    if (!gathered) return gathered.error();
    backend_.download(parts.data(), all->data(), parts.size() * sizeof(float));
  }
  backend_.synchronize();

  std::vector<float> logits(num_rows * vocab_size);
  for (std::size_t rank = 0; rank < num_ranks; ++rank) {
    Placement other = placement_;
    other.rank = static_cast<int>(rank);
    const Slice slice = other.slice(weights_.vocab_size);
    const auto size = static_cast<std::size_t>(slice.size());
    for (std::size_t i = 0; i < num_rows; ++i) {
      std::copy_n(&parts[rank * part_size + i * size], size,
                  &logits[i * vocab_size + static_cast<std::size_t>(slice.begin)]);
    }
  }
  return logits;
}

}  // namespace unmask::network
