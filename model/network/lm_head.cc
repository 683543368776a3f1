#include "model/network/lm_head.h"

#include <algorithm>
#include <utility>

#include "model/network/buffer_data.h"

namespace unmask::network {
namespace {

using kernels::CandidateStats;
using kernels::DType;
using kernels::Tensor;

/// Ranks hold slices of different sizes, and give equally many bytes.
std::size_t logits_of_part(const Placement& placement, int vocab_size, int num_rows) {
  return std::size_t(num_rows) * std::size_t(vocab_size / placement.num_ranks + 1);
}

}  // namespace

LmHead::LmHead(kernels::Backend& backend, Weights weights, const Placement& placement, int max_rows)
    : backend_(backend),
      weights_(std::move(weights)),
      placement_(placement),
      tokens_(placement.slice(weights_.vocab_size)),
      max_rows_(max_rows) {
  const std::size_t bytes = std::size_t(max_rows) * std::size_t(weights_.hidden_size) *
                            kernels::size_of(backend.activation_dtype());
  rows_ = backend.allocate(bytes);
  normal_ = backend.allocate(bytes);
  allocate_answers(kListedPerRow * max_rows);
  const std::size_t part =
      logits_of_part(placement, weights_.vocab_size, kDrawnRows) * sizeof(float);
  logits_ = backend.allocate(part);
  if (placement.num_ranks == 1) return;
  all_stats_ = backend.allocate(std::size_t(placement.num_ranks) * std::size_t(max_rows) *
                                sizeof(CandidateStats));
  all_drawn_from_ = backend.allocate(std::size_t(placement.num_ranks) * part);
}

std::size_t LmHead::draw_bytes(const Placement& placement, int vocab_size) {
  const std::size_t parts = placement.num_ranks == 1 ? 1 : 1 + std::size_t(placement.num_ranks);
  return parts * logits_of_part(placement, vocab_size, kDrawnRows) * sizeof(float);
}

void LmHead::allocate_answers(int max_listed) {
  max_listed_ = max_listed;
  const std::size_t bytes =
      std::size_t(max_rows_) * (sizeof(CandidateStats) + sizeof(kernels::Drawn) + sizeof(float)) +
      std::size_t(max_listed) * sizeof(float);
  answers_ = backend_.allocate_shared(bytes);
  if (placement_.num_ranks == 1) return;
  part_ = backend_.allocate(bytes);
  all_logits_ = backend_.allocate(std::size_t(placement_.num_ranks) *
                                  std::size_t(std::max(max_listed, max_rows_)) * sizeof(float));
}

LmHead::Answers LmHead::answers_in(const kernels::Buffer& buffer) const {
  auto* const stats = static_cast<CandidateStats*>(buffer.data());
  auto* const drawn = reinterpret_cast<kernels::Drawn*>(stats + max_rows_);
  auto* const present = reinterpret_cast<float*>(drawn + max_rows_);
  return {stats, drawn, present, present + max_rows_};
}

Tensor LmHead::normalize(Tensor rows) {
  const Tensor normal{normal_->data(), backend_.activation_dtype(), rows.rows, rows.cols,
                      rows.live_rows};
  backend_.run(kernels::RmsNorm{
      .x = rows, .weight = data_of<float>(weights_.norm), .eps = weights_.eps, .out = normal});
  return normal;
}

Result<bool> LmHead::make_room(const Batch& batch, Group& group) {
  if (batch.room.listed <= max_listed_) return false;
  // What was enqueued before uses what is freed here.
  if (const Result<> done = group.wait(); !done) return done.error();
  allocate_answers(2 * batch.room.listed);
  return true;
}

Tensor LmHead::normal_rows(Tensor hidden, const std::int32_t* rows, int num_rows,
                           const std::int32_t* live_rows) {
  const Tensor gathered{rows_->data(), backend_.activation_dtype(), num_rows, hidden.cols,
                        live_rows};
  backend_.run(kernels::GatherRows{.x = hidden, .rows = rows, .out = gathered});
  return normalize(gathered);
}

Result<> LmHead::decode(Tensor hidden, const Batch& batch, Group& group) {
  const Tensor all = normal_rows(hidden, batch.head_rows, batch.head_room(), batch.live_head);
  Tensor normal = all;
  normal.rows = batch.decoded_room();
  normal.live_rows = batch.live_decoded;
  if (batch.num_guidance > 0) {
    // Logits are linear in these rows: guiding them is guiding the logits, at half the cost.
    backend_.run(kernels::GuideRows{.x = normal,
                                    .guidance = all,
                                    .row_of = batch.guidance_of_row,
                                    .scales = batch.guidance_scales});
  }
  if (batch.decoded_positions == nullptr) {
    find_candidates(normal, 0, batch, nullptr, group);
  } else {
    for (int first = 0; first < normal.rows; first += kDrawnRows) {
      const int num_rows = std::min(kDrawnRows, normal.rows - first);
      find_candidates(kernels::rows_of(normal, first, num_rows), first, batch,
                      static_cast<float*>(logits_->data()), group);
      if (const Result<> drawn = draw(first, num_rows, batch, group); !drawn) return drawn;
    }
  }
  return group.is_alone() ? Result<>() : merge(answers_in(*part_), batch, group);
}

void LmHead::find_candidates(Tensor normal, int first, const Batch& batch, float* logits,
                             Group& group) {
  const Answers to = answers_in(group.is_alone() ? *answers_ : *part_);
  const auto from_first = [&](auto* array) { return array == nullptr ? array : array + first; };
  backend_.run(kernels::LmHeadCandidates{
      .x = normal,
      .head = *weights_.head,
      .vocab_shares = placement_.shares(weights_.vocab_size),
      .first_token = tokens_.begin,
      .rules = batch.rules,
      .rules_of_row = batch.rules_of_row + first,
      .present = from_first(batch.present),
      .present_logits = batch.present != nullptr ? to.present + first : nullptr,
      .listed_offsets = from_first(batch.listed_offsets),
      .listed_tokens = batch.listed_tokens,
      .listed_logits = batch.listed_offsets != nullptr ? to.listed : nullptr,
      .out = to.stats + first,
      .logits = logits});
}

/// Every rank draws the same from the logits of all.
Result<> LmHead::draw(int first, int num_rows, const Batch& batch, Group& group) {
  kernels::DrawTokens op{.logits = static_cast<float*>(logits_->data()),
                         .num_parts = placement_.num_ranks,
                         .num_rows = num_rows,
                         .live_rows = batch.live_decoded,
                         .live_offset = first,
                         .rules = batch.rules,
                         .rules_of_row = batch.rules_of_row + first,
                         .positions = batch.decoded_positions + first,
                         .out = answers_in(*answers_).drawn + first};
  for (int rank = 0; rank < placement_.num_ranks; ++rank) {
    Placement of = placement_;
    of.rank = rank;
    op.first_token[std::size_t(rank) + 1] = of.slice(weights_.vocab_size).end;
  }
  if (!group.is_alone()) {
    const std::size_t part = logits_of_part(placement_, weights_.vocab_size, num_rows);
    op.logits = static_cast<float*>(all_drawn_from_->data());
    op.part_stride = std::int64_t(part);
    const Result<> gathered = group.gather(logits_->data(), op.logits, part * sizeof(float));
    if (!gathered) return gathered;
  }
  backend_.run(op);
  return {};
}

Result<> LmHead::merge_stats(const CandidateStats* part, int num_rows,
                             const std::int32_t* live_rows, CandidateStats* out, Group& group) {
  auto* const all = static_cast<CandidateStats*>(all_stats_->data());
  const Result<> gathered = group.gather(part, all, std::size_t(num_rows) * sizeof(CandidateStats));
  if (!gathered) return gathered;
  backend_.run(kernels::MergeCandidates{.parts = all,
                                        .num_parts = placement_.num_ranks,
                                        .num_rows = num_rows,
                                        .live_rows = live_rows,
                                        .out = out});
  return {};
}

Result<> LmHead::merge(const Answers& part, const Batch& batch, Group& group) {
  const int num_rows = batch.decoded_room();
  const Answers merged = answers_in(*answers_);
  Result<> gathered = merge_stats(part.stats, num_rows, batch.live_decoded, merged.stats, group);
  if (!gathered) return gathered;
  if (batch.present != nullptr) {
    gathered = merge_logits(part.present, num_rows, merged.present, group);
  }
  if (gathered && batch.room.listed > 0) {
    gathered = merge_logits(part.listed, batch.room.listed, merged.listed, group);
  }
  return gathered;
}

Result<> LmHead::merge_logits(const float* part, int count, float* out, Group& group) {
  auto* const all = static_cast<float*>(all_logits_->data());
  const Result<> gathered = group.gather(part, all, std::size_t(count) * sizeof(float));
  if (!gathered) return gathered;
  // The rank that holds a token gave its logit, the others -inf.
  backend_.run(kernels::MaxParts{
      .parts = all, .num_parts = placement_.num_ranks, .count = count, .out = out});
  return {};
}

DecodedRows LmHead::decoded(const Batch& batch) const {
  const Answers answers = answers_in(*answers_);
  DecodedRows decoded;
  decoded.stats.assign(answers.stats, answers.stats + batch.num_decoded);
  if (batch.decoded_positions != nullptr) {
    decoded.drawn.assign(answers.drawn, answers.drawn + batch.num_decoded);
  }
  if (batch.present != nullptr) {
    decoded.present_logits.assign(answers.present, answers.present + batch.num_decoded);
  }
  decoded.listed_logits.assign(answers.listed, answers.listed + batch.used.listed);
  return decoded;
}

Result<std::vector<float>> LmHead::logits(Tensor hidden, Group& group) {
  const auto num_rows = static_cast<std::size_t>(hidden.rows);
  const auto vocab_size = static_cast<std::size_t>(weights_.vocab_size);
  const auto num_ranks = static_cast<std::size_t>(placement_.num_ranks);
  const std::size_t part_size = logits_of_part(placement_, weights_.vocab_size, hidden.rows);
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
