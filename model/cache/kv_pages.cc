#include "model/cache/kv_pages.h"

#include <algorithm>
#include <functional>
#include <string>

#include "model/cache/sequence_name.h"
#include "runtime/base/check.h"

namespace unmask::cache {
namespace {

/// Appends a slot to the runs; neighbours become one run.
void append_slot(std::vector<kernels::KvRun>& runs, std::int32_t slot) {
  if (!runs.empty() && runs.back().first_slot + runs.back().num_slots == slot) {
    ++runs.back().num_slots;
  } else {
    runs.push_back({slot, 1});
  }
}

/// Walks through ascending ranges position by position.
class Cursor {
 public:
  explicit Cursor(const Ranges& ranges) : next_(ranges.begin()), end_(ranges.end()) {
    if (next_ != end_) position_ = next_->begin;
  }

  [[nodiscard]] bool is_at(std::int32_t position) const {
    return next_ != end_ && position_ == position;
  }
  [[nodiscard]] bool has_more() const { return next_ != end_; }
  [[nodiscard]] std::int32_t position() const { return position_; }
  void advance() {
    if (++position_ < next_->end) return;
    if (++next_ != end_) position_ = next_->begin;
  }

 private:
  Ranges::const_iterator next_;
  Ranges::const_iterator end_;
  std::int32_t position_ = 0;
};

/// How many of the keys at these ascending positions each row sees: all, or those up to the end of
/// its own block.
std::vector<std::int32_t> limit_keys(const std::vector<std::int32_t>& rows,
                                     const std::vector<std::int32_t>& keys,
                                     std::int32_t block_length) {
  std::vector<std::int32_t> limits(rows.size(), static_cast<std::int32_t>(keys.size()));
  if (block_length <= 0) return limits;
  const auto position_of = [](std::int32_t key) { return std::int64_t(key); };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t end = (std::int64_t(rows[i] / block_length) + 1) * block_length;
    const auto first_unseen = std::ranges::lower_bound(keys, end, {}, position_of);
    limits[i] = static_cast<std::int32_t>(first_unseen - keys.begin());
  }
  return limits;
}

}  // namespace

KvPages::KvPages(int num_pages, int num_scratch_slots)
    : num_pages_(num_pages), num_scratch_slots_(num_scratch_slots) {
  UNMASK_CHECK(num_pages >= 0 && num_scratch_slots >= 0);
  UNMASK_CHECK(std::int64_t(num_pages) * kPagePositions + num_scratch_slots < INT32_MAX);
  close_all();
}

const KvPages::Table* KvPages::find(SequenceId sequence) const {
  const auto table = tables_.find(sequence);
  return table == tables_.end() ? nullptr : &table->second;
}

std::int32_t KvPages::slot(const Table& table, std::int32_t position) {
  const std::int32_t page = table.pages[static_cast<std::size_t>(position / kPagePositions)];
  return page * kPagePositions + position % kPagePositions;
}

std::optional<Error> KvPages::find_fault(const SequenceStep& sequence, const Table* table) {
  if (table != nullptr && table->num_positions != sequence.num_positions) {
    return Error{ErrorCode::kInvalidArgument,
                 name_of(sequence) + " has " + std::to_string(sequence.num_positions) +
                     " positions now and had " + std::to_string(table->num_positions)};
  }
  Cursor computed(sequence.window.computed);
  for (Cursor visible(sequence.window.visible); visible.has_more(); visible.advance()) {
    const std::int32_t position = visible.position();
    while (computed.has_more() && computed.position() < position) computed.advance();
    if (computed.is_at(position)) continue;  // the fresh one counts
    if (table == nullptr || !table->is_written[static_cast<std::size_t>(position)]) {
      return Error{ErrorCode::kInvalidArgument, name_of(sequence) + " sees position " +
                                                    std::to_string(position) +
                                                    ", whose K/V were never written"};
    }
  }
  return std::nullopt;
}

/// Pages that the sequence's written positions need and do not have.
std::int64_t KvPages::num_new_pages(const SequenceStep& sequence, const Table* table) {
  std::int64_t num_new = 0;
  std::int32_t last_page = -1;
  for (const Range range : sequence.window.written) {
    const std::int32_t end = pages_needed(range.end);
    for (std::int32_t page = range.begin / kPagePositions; page < end; ++page) {
      if (page == last_page) continue;
      last_page = page;
      if (table == nullptr || table->pages[static_cast<std::size_t>(page)] < 0) ++num_new;
    }
  }
  return num_new;
}

void KvPages::check(const Step& step, Refusals& refusals) const {
  std::int64_t num_free = num_free_pages();
  std::vector<SequenceId> closed = step.closed;
  std::ranges::sort(closed);
  closed.erase(std::unique(closed.begin(), closed.end()), closed.end());
  for (const SequenceId sequence : closed) {
    const Table* table = find(sequence);
    if (table != nullptr)
      num_free += std::ranges::count_if(table->pages, [](int p) { return p >= 0; });
  }

  for (std::size_t i = 0; i < step.sequences.size(); ++i) {
    const SequenceStep& sequence = step.sequences[i];
    if (refusals[i]) continue;
    const bool is_closed = std::ranges::binary_search(closed, sequence.sequence);
    const Table* table = is_closed ? nullptr : find(sequence.sequence);
    refusals[i] = find_fault(sequence, table);
    if (refusals[i]) continue;
    const std::int64_t num_new = num_new_pages(sequence, table);
    if (num_new <= num_free) {
      num_free -= num_new;
      continue;
    }
    refusals[i] =
        Error{ErrorCode::kOverloaded, name_of(sequence) + " needs " + std::to_string(num_new) +
                                          " more KV pages of " + std::to_string(kPagePositions) +
                                          " positions, and " + std::to_string(num_free) + " of " +
                                          std::to_string(num_pages_) + " are free"};
  }
}

void KvPages::write(Table& table, const Ranges& positions) {
  for (Cursor written(positions); written.has_more(); written.advance()) {
    const auto position = static_cast<std::size_t>(written.position());
    std::int32_t& page = table.pages[position / kPagePositions];
    if (page < 0) {
      UNMASK_CHECK(!free_.empty());
      std::ranges::pop_heap(free_, std::greater());
      page = free_.back();
      free_.pop_back();
    }
    table.is_written[position] = true;
  }
}

KvLayout KvPages::place(const SequenceStep& sequence, int first_row) {
  const Window& window = sequence.window;
  Table uncached;
  const bool is_cached = !window.written.empty() || tables_.contains(sequence.sequence);
  Table& table = is_cached ? tables_[sequence.sequence] : uncached;
  if (table.num_positions == 0) {
    table.num_positions = sequence.num_positions;
    table.pages.assign(static_cast<std::size_t>(pages_needed(sequence.num_positions)), -1);
    table.is_written.assign(static_cast<std::size_t>(sequence.num_positions), false);
  }
  write(table, window.written);

  KvLayout layout;
  const std::int32_t first_scratch = first_scratch_slot() + first_row;
  Cursor computed(window.computed);
  Cursor written(window.written);
  Cursor visible(window.visible);
  std::vector<std::int32_t> keys;  // their positions
  std::vector<std::int32_t> rows;  // theirs
  while (computed.has_more() || visible.has_more()) {
    const bool is_computed =
        computed.has_more() && (!visible.has_more() || computed.position() <= visible.position());
    const std::int32_t position = is_computed ? computed.position() : visible.position();
    std::int32_t key_slot = 0;
    if (is_computed) {
      const bool stays = written.is_at(position);
      const auto row = static_cast<std::int32_t>(layout.slots.size());
      key_slot = stays ? slot(table, position) : first_scratch + row;
      layout.slots.push_back(key_slot);
      rows.push_back(position);
      if (stays) written.advance();
      computed.advance();
    } else {
      key_slot = slot(table, position);
    }
    if (visible.is_at(position)) visible.advance();
    append_slot(layout.runs, key_slot);
    keys.push_back(position);
  }
  layout.key_limit = limit_keys(rows, keys, window.causal_block_length);
  return layout;
}

void KvPages::close(SequenceId sequence) {
  const auto table = tables_.find(sequence);
  if (table == tables_.end()) return;
  for (const std::int32_t page : table->second.pages) {
    if (page < 0) continue;
    free_.push_back(page);
    std::ranges::push_heap(free_, std::greater());
  }
  tables_.erase(table);
}

void KvPages::close_all() {
  tables_.clear();
  free_.resize(static_cast<std::size_t>(num_pages_));
  for (int page = 0; page < num_pages_; ++page) free_[static_cast<std::size_t>(page)] = page;
}

}  // namespace unmask::cache
