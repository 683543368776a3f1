#include "model/network/batch.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "model/network/batch_layout.h"

namespace unmask::network {
namespace {

/// The arrays of a batch on the host.
struct Rows {
  std::vector<std::int32_t> tokens, positions, slots, key_limit;
  std::vector<std::int32_t> row_offsets{0}, run_offsets{0};
  std::vector<kernels::KvRun> runs;
  std::vector<std::int32_t> decoded_rows, rules_of_row, decoded_positions;
  std::vector<std::int32_t> present, listed_offsets{0}, listed_tokens;
  std::vector<std::int32_t> guidance_rows, guidance_of_row;  // the latter counts from 0
  std::vector<float> guidance_scales;
  std::vector<std::int32_t> mixed_rows, soft_rows_of, mask_tokens;
  std::vector<float> mix_weights;
  bool wants_present = false, draws = false;
  std::int32_t num_sequences = 0;

  void append(const SequenceStep& sequence, cache::KvPages& pages, cache::SoftRows& soft_rows);
  void append_keys(const cache::KvLayout& layout);
  void append_guidance(const SequenceStep& sequence, cache::KvPages& pages, int first_row);
  void append_inputs(const SequenceStep& sequence, const cache::SoftRows& soft_rows);
  void append_decoded(const SequenceStep& sequence, int first_row);
  void append_mixed(const SequenceStep& sequence, cache::SoftRows& soft_rows, int first_row);
};

template <typename T>
void append_all(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void Rows::append(const SequenceStep& sequence, cache::KvPages& pages, cache::SoftRows& soft_rows) {
  const int first_row = static_cast<int>(tokens.size());
  append_inputs(sequence, soft_rows);
  append_keys(pages.place(sequence, first_row));
  append_guidance(sequence, pages, first_row);
  append_decoded(sequence, first_row);
  append_mixed(sequence, soft_rows, first_row);
  ++num_sequences;
}

/// Of rows whose tokens are there: what attention has to know of them.
void Rows::append_keys(const cache::KvLayout& layout) {
  append_all(slots, layout.slots);
  append_all(key_limit, layout.key_limit);
  append_all(runs, layout.runs);
  row_offsets.push_back(static_cast<std::int32_t>(tokens.size()));
  run_offsets.push_back(static_cast<std::int32_t>(runs.size()));
}

/// The second row set: the same positions, which see each other and nothing else.
void Rows::append_guidance(const SequenceStep& sequence, cache::KvPages& pages, int first_row) {
  if (sequence.guidance_inputs.empty()) return;
  const auto begin = positions.begin() + first_row;
  const std::vector<std::int32_t> again(begin, positions.end());
  append_all(positions, again);
  append_all(tokens, sequence.guidance_inputs);
  append_keys(pages.place(sequence, first_row + static_cast<int>(again.size())));
}

void Rows::append_inputs(const SequenceStep& sequence, const cache::SoftRows& soft_rows) {
  auto input = sequence.inputs.begin();
  for (const Range range : sequence.window.computed) {
    for (std::int32_t position = range.begin; position < range.end; ++position, ++input) {
      positions.push_back(position);
      tokens.push_back(*input == kSoftRow ? -1 - soft_rows.row(sequence.sequence, position)
                                          : *input);
    }
  }
}

void Rows::append_mixed(const SequenceStep& sequence, cache::SoftRows& soft_rows, int first_row) {
  append_all(soft_rows_of, soft_rows.place(sequence));
  auto row = static_cast<std::size_t>(first_row);
  for (const Range range : sequence.window.mixed) {
    for (std::int32_t position = range.begin; position < range.end; ++position) {
      while (positions[row] != position) ++row;
      mixed_rows.push_back(static_cast<std::int32_t>(row));
      mask_tokens.push_back(sequence.mask_token);
      mix_weights.push_back(sequence.mix_weight);
    }
  }
}

void Rows::append_decoded(const SequenceStep& sequence, int first_row) {
  const bool has_present = (sequence.statistics & kPresentLogit) != 0;
  wants_present = wants_present || has_present;
  draws = draws || sequence.rules.temperature > 0;
  auto row = static_cast<std::size_t>(first_row);
  std::size_t decoded = 0;
  for (const Range range : sequence.window.decoded) {
    for (std::int32_t position = range.begin; position < range.end; ++position, ++decoded) {
      while (positions[row] != position) ++row;
      decoded_rows.push_back(static_cast<std::int32_t>(row));
      rules_of_row.push_back(num_sequences);
      decoded_positions.push_back(position);
      const bool is_guided = !sequence.guidance_inputs.empty();
      guidance_of_row.push_back(is_guided ? int(guidance_rows.size()) : -1);
      guidance_scales.push_back(sequence.rules.cfg_scale);
      if (is_guided) guidance_rows.push_back(int(row + sequence.guidance_inputs.size()));
      present.push_back(has_present ? sequence.present[decoded] : -1);
      const std::int32_t num_listed =
          sequence.listed.offsets.empty()
              ? 0
              : sequence.listed.offsets[decoded + 1] - sequence.listed.offsets[decoded];
      listed_offsets.push_back(listed_offsets.back() + num_listed);
    }
  }
  append_all(listed_tokens, sequence.listed.tokens);
}

/// Room for ids of rules, per sequence that a step may have.
constexpr int kRuleIds = 8;
constexpr int kRunsPerRow = 2;  // beside those of pages: before and behind what is fresh

std::size_t words_for(int max_rows, int num_pages) {
  const BatchShape largest{
      .rows = max_rows, .sequences = max_rows, .listed = kListedPerRow * max_rows};
  const std::size_t most = layout_of(largest).rest;
  return most + 2 * (std::size_t(num_pages) + kRunsPerRow * std::size_t(max_rows)) +
         kRuleIds * std::size_t(max_rows);
}

/// Writes a batch into memory of the host, from whose start the device will see `device`.
class BatchWriter {
 public:
  BatchWriter(std::int32_t* host, const std::int32_t* device) : host_(host), device_(device) {}

  template <typename T>
  void write(std::size_t start, const std::vector<T>& values) {
    static_assert(sizeof(T) % sizeof(std::int32_t) == 0);
    if (!values.empty()) std::memcpy(host_ + start, values.data(), values.size() * sizeof(T));
  }
  /// The same, the last value filling up what is left.
  void write_padded(std::size_t start, const std::vector<std::int32_t>& values, std::size_t count) {
    write(start, values);
    std::fill(host_ + start + values.size(), host_ + start + count, values.back());
  }
  const std::int32_t* append(std::size_t& end, const std::vector<std::int32_t>& values) {
    write(end, values);
    const std::int32_t* const at = device_ + end;
    end += values.size();
    return at;
  }

 private:
  std::int32_t* const host_;
  const std::int32_t* const device_;
};

kernels::DrawRules draw_rules_of(const SamplingRules& rules) {
  return {.seed = rules.seed,
          .block = rules.block,
          .decision = rules.decision,
          .temperature = rules.temperature,
          .top_k = rules.top_k,
          .top_p = rules.top_p};
}

std::size_t num_rule_ids(const Step& step) {
  std::size_t count = 0;
  for (const SequenceStep& sequence : step.sequences) {
    count += sequence.rules.never_chosen.size() + sequence.rules.not_in_confidence.size();
  }
  return count;
}

}  // namespace

std::size_t BatchBuilder::device_bytes(int max_rows, int num_pages) {
  return words_for(max_rows, num_pages) * sizeof(std::int32_t);
}

BatchBuilder::BatchBuilder(kernels::Backend& backend, int max_rows, int num_pages,
                           bool counts_decoded)
    : backend_(backend),
      max_rows_(max_rows),
      counts_decoded_(counts_decoded),
      staging_(backend.allocate_shared(device_bytes(max_rows, num_pages))),
      arena_(backend.allocate(device_bytes(max_rows, num_pages))) {}

Batch BatchBuilder::build(const Step& step, cache::KvPages& pages, cache::SoftRows& soft_rows,
                          bool can_record) {
  Rows rows;
  for (const SequenceStep& sequence : step.sequences) rows.append(sequence, pages, soft_rows);

  Batch batch;
  batch.used = {.rows = int(rows.tokens.size()),
                .sequences = int(rows.row_offsets.size()) - 1,
                .listed = int(rows.listed_tokens.size()),
                .decoded = int(rows.decoded_rows.size())};
  batch.room = can_record ? bucket_of(batch.used, max_rows_, counts_decoded_) : batch.used;
  batch.num_decoded = int(rows.decoded_rows.size());
  batch.num_guidance = int(rows.guidance_rows.size());
  batch.num_mixed = int(rows.mixed_rows.size());

  const BatchLayout layout = layout_of(batch.room);
  const std::size_t num_words = layout.rest + 2 * rows.runs.size() + num_rule_ids(step);
  if (num_words * sizeof(std::int32_t) > arena_->size()) {
    batch.has_moved = true;
    staging_ = backend_.allocate_shared(2 * num_words * sizeof(std::int32_t));
    arena_ = backend_.allocate(2 * num_words * sizeof(std::int32_t));
  }
  auto* const host = static_cast<std::int32_t*>(staging_->data());
  const auto* const device = static_cast<const std::int32_t*>(arena_->data());

  BatchWriter writer(host, device);
  host[layout.live_rows] = batch.used.rows;
  host[layout.live_decoded] = batch.num_decoded;
  host[layout.live_mixed] = batch.num_mixed;
  host[layout.live_head] = batch.num_decoded + batch.num_guidance;
  writer.write(layout.tokens, rows.tokens);
  writer.write(layout.positions, rows.positions);
  writer.write(layout.slots, rows.slots);
  writer.write(layout.key_limit, rows.key_limit);
  writer.write(layout.head_rows, rows.decoded_rows);
  writer.write(layout.head_rows + rows.decoded_rows.size(), rows.guidance_rows);
  for (std::int32_t& row : rows.guidance_of_row) row += row >= 0 ? batch.num_decoded : 0;
  writer.write(layout.guidance_of_row, rows.guidance_of_row);
  writer.write(layout.guidance_scales, rows.guidance_scales);
  writer.write(layout.rules_of_row, rows.rules_of_row);
  writer.write(layout.decoded_positions, rows.decoded_positions);
  writer.write(layout.present, rows.present);
  writer.write(layout.listed_offsets, rows.listed_offsets);
  writer.write(layout.listed_tokens, rows.listed_tokens);
  writer.write(layout.mixed_rows, rows.mixed_rows);
  writer.write(layout.soft_rows_of, rows.soft_rows_of);
  writer.write(layout.mask_tokens, rows.mask_tokens);
  writer.write(layout.mix_weights, rows.mix_weights);
  // Sequences that there is room for, and are not there, are empty.
  const auto num_offsets = std::size_t(batch.room.sequences) + 1;
  writer.write_padded(layout.row_offsets, rows.row_offsets, num_offsets);
  writer.write_padded(layout.run_offsets, rows.run_offsets, num_offsets);
  std::size_t end = layout.rest;
  writer.write(end, rows.runs);
  end += 2 * rows.runs.size();
  std::vector<kernels::LogitRules> rules;
  for (const SequenceStep& sequence : step.sequences) {
    const SamplingRules& of = sequence.rules;
    rules.push_back({.never_chosen = writer.append(end, of.never_chosen),
                     .num_never_chosen = int(of.never_chosen.size()),
                     .not_in_confidence = writer.append(end, of.not_in_confidence),
                     .num_not_in_confidence = int(of.not_in_confidence.size()),
                     .choosable_end = of.choosable_end,
                     .draw = draw_rules_of(of)});
  }
  writer.write(layout.rules, rules);
  backend_.copy_to_device(arena_->data(), *staging_, end * sizeof(std::int32_t));

  if (can_record) {
    batch.live_rows = device + layout.live_rows;
    batch.live_decoded = device + layout.live_decoded;
    batch.live_head = device + layout.live_head;
    batch.live_mixed = device + layout.live_mixed;
  }
  batch.tokens = device + layout.tokens;
  batch.positions = device + layout.positions;
  batch.slots = device + layout.slots;
  batch.head_rows = device + layout.head_rows;
  batch.guidance_of_row = device + layout.guidance_of_row;
  batch.guidance_scales = reinterpret_cast<const float*>(device + layout.guidance_scales);
  batch.attention.num_sequences = batch.room.sequences;
  batch.attention.row_offsets = device + layout.row_offsets;
  batch.attention.run_offsets = device + layout.run_offsets;
  batch.attention.runs = reinterpret_cast<const kernels::KvRun*>(device + layout.rest);
  batch.attention.key_limit = device + layout.key_limit;
  batch.rules = reinterpret_cast<const kernels::LogitRules*>(device + layout.rules);
  batch.rules_of_row = device + layout.rules_of_row;
  batch.mixed_rows = device + layout.mixed_rows;
  batch.soft_rows_of = device + layout.soft_rows_of;
  batch.mask_tokens = device + layout.mask_tokens;
  batch.mix_weights = reinterpret_cast<const float*>(device + layout.mix_weights);
  if (rows.draws) batch.decoded_positions = device + layout.decoded_positions;
  if (rows.wants_present) batch.present = device + layout.present;
  if (batch.used.listed > 0) {
    batch.listed_offsets = device + layout.listed_offsets;
    batch.listed_tokens = device + layout.listed_tokens;
  }
  return batch;
}

}  // namespace unmask::network
