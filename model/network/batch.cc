#include "model/network/batch.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace unmask::network {
namespace {

/// All arrays of a batch in one piece; an array is named by where it starts.
class Arena {
 public:
  std::size_t add(std::span<const std::int32_t> numbers) {
    words_.resize((words_.size() + kAlignment - 1) / kAlignment * kAlignment);
    const std::size_t start = words_.size();
    words_.insert(words_.end(), numbers.begin(), numbers.end());
    return start;
  }

  std::size_t add(std::span<const kernels::KvRun> runs) {
    std::vector<std::int32_t> numbers;
    for (const kernels::KvRun run : runs) {
      numbers.push_back(run.first_slot);
      numbers.push_back(run.num_slots);
    }
    static_assert(sizeof(kernels::KvRun) == 2 * sizeof(std::int32_t));
    return add(numbers);
  }

  [[nodiscard]] const std::vector<std::int32_t>& words() const { return words_; }

 private:
  static constexpr std::size_t kAlignment = 16;  // 64 bytes

  std::vector<std::int32_t> words_;
};

/// The arrays of a batch on the host.
struct Rows {
  std::vector<std::int32_t> tokens, positions, slots, key_limit;
  std::vector<std::int32_t> row_offsets{0}, run_offsets{0};
  std::vector<kernels::KvRun> runs;
  std::vector<std::int32_t> decoded_rows, rules_of_row, present, listed_offsets{0}, listed_tokens;
  bool wants_present = false;

  void append(const SequenceStep& sequence, cache::KvPages& pages);
  void append_decoded(const SequenceStep& sequence, int first_row);
};

template <typename T>
void append_all(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void Rows::append(const SequenceStep& sequence, cache::KvPages& pages) {
  const int first_row = static_cast<int>(tokens.size());
  const cache::KvLayout layout = pages.place(sequence, first_row);
  append_all(tokens, sequence.inputs);
  append_all(slots, layout.slots);
  append_all(key_limit, layout.key_limit);
  append_all(runs, layout.runs);
  for (const Range range : sequence.window.computed) {
    for (std::int32_t position = range.begin; position < range.end; ++position) {
      positions.push_back(position);
    }
  }
  append_decoded(sequence, first_row);
  row_offsets.push_back(static_cast<std::int32_t>(tokens.size()));
  run_offsets.push_back(static_cast<std::int32_t>(runs.size()));
}

void Rows::append_decoded(const SequenceStep& sequence, int first_row) {
  const auto sequence_idx = static_cast<std::int32_t>(row_offsets.size() - 1);
  const bool has_present = (sequence.statistics & kPresentLogit) != 0;
  wants_present = wants_present || has_present;
  auto row = static_cast<std::size_t>(first_row);
  std::size_t decoded = 0;
  for (const Range range : sequence.window.decoded) {
    for (std::int32_t position = range.begin; position < range.end; ++position, ++decoded) {
      while (positions[row] != position) ++row;
      decoded_rows.push_back(static_cast<std::int32_t>(row));
      rules_of_row.push_back(sequence_idx);
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

}  // namespace

Batch BatchBuilder::build(const Step& step, cache::KvPages& pages) {
  Rows rows;
  for (const SequenceStep& sequence : step.sequences) rows.append(sequence, pages);

  Arena arena;
  const std::size_t tokens = arena.add(rows.tokens);
  const std::size_t positions = arena.add(rows.positions);
  const std::size_t slots = arena.add(rows.slots);
  const std::size_t key_limit = arena.add(rows.key_limit);
  const std::size_t row_offsets = arena.add(rows.row_offsets);
  const std::size_t run_offsets = arena.add(rows.run_offsets);
  const std::size_t runs = arena.add(rows.runs);
  const std::size_t decoded_rows = arena.add(rows.decoded_rows);
  const std::size_t rules_of_row = arena.add(rows.rules_of_row);
  const std::size_t present = arena.add(rows.present);
  const std::size_t listed_offsets = arena.add(rows.listed_offsets);
  const std::size_t listed_tokens = arena.add(rows.listed_tokens);
  std::vector<std::pair<std::size_t, std::size_t>> rules;
  for (const SequenceStep& sequence : step.sequences) {
    const std::size_t never_chosen = arena.add(sequence.rules.never_chosen);
    rules.emplace_back(never_chosen, arena.add(sequence.rules.not_in_confidence));
  }

  const std::size_t bytes = arena.words().size() * sizeof(std::int32_t);
  if (!buffer_ || buffer_->size() < bytes) buffer_ = backend_.allocate(2 * bytes);
  backend_.upload(buffer_->data(), arena.words().data(), bytes);
  const auto* base = static_cast<const std::int32_t*>(buffer_->data());

  Batch batch;
  batch.num_rows = static_cast<int>(rows.tokens.size());
  batch.num_decoded = static_cast<int>(rows.decoded_rows.size());
  batch.num_listed = static_cast<int>(rows.listed_tokens.size());
  batch.tokens = base + tokens;
  batch.positions = base + positions;
  batch.slots = base + slots;
  batch.decoded_rows = base + decoded_rows;
  batch.attention.num_sequences = static_cast<int>(step.sequences.size());
  batch.attention.row_offsets = base + row_offsets;
  batch.attention.run_offsets = base + run_offsets;
  batch.attention.runs = reinterpret_cast<const kernels::KvRun*>(base + runs);
  batch.attention.key_limit = base + key_limit;
  batch.rules_of_row = base + rules_of_row;
  if (rows.wants_present) batch.present = base + present;
  if (batch.num_listed > 0) {
    batch.listed_offsets = base + listed_offsets;
    batch.listed_tokens = base + listed_tokens;
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const SamplingRules& of_sequence = step.sequences[i].rules;
    batch.rules.push_back(
        {.never_chosen = base + rules[i].first,
         .num_never_chosen = static_cast<int>(of_sequence.never_chosen.size()),
         .not_in_confidence = base + rules[i].second,
         .num_not_in_confidence = static_cast<int>(of_sequence.not_in_confidence.size()),
         .choosable_end = of_sequence.choosable_end});
  }
  return batch;
}

}  // namespace unmask::network
