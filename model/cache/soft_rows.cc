#include "model/cache/soft_rows.h"

#include <numeric>
#include <string>

#include "model/cache/sequence_name.h"
#include "runtime/base/check.h"

namespace unmask::cache {
namespace {

std::int32_t row_at(const std::vector<std::int32_t>& table, std::int32_t position) {
  return table[static_cast<std::size_t>(position)];
}

}  // namespace

SoftRows::SoftRows(int num_rows) : num_rows_(num_rows), free_(static_cast<std::size_t>(num_rows)) {
  std::iota(free_.rbegin(), free_.rend(), 0);
}

const SoftRows::Table* SoftRows::find(SequenceId sequence) const {
  const auto at = tables_.find(sequence);
  return at == tables_.end() ? nullptr : &at->second;
}

std::optional<Error> SoftRows::find_fault(const SequenceStep& sequence, const Table* table) {
  if (table != nullptr && table->size() != static_cast<std::size_t>(sequence.num_positions)) {
    return Error{ErrorCode::kInvalidArgument,
                 name_of(sequence) + " has a canvas of another length than before"};
  }
  std::size_t row = 0;
  for (const Range range : sequence.window.computed) {
    for (std::int32_t position = range.begin; position < range.end; ++position, ++row) {
      if (sequence.inputs[row] != kSoftRow) continue;
      if (table != nullptr && row_at(*table, position) >= 0) continue;
      return Error{ErrorCode::kInvalidArgument,
                   name_of(sequence) + " has no soft row at position " + std::to_string(position)};
    }
  }
  return std::nullopt;
}

std::int64_t SoftRows::num_new_rows(const SequenceStep& sequence, const Table* table) {
  std::int64_t count = 0;
  for (const Range range : sequence.window.mixed) {
    for (std::int32_t position = range.begin; position < range.end; ++position) {
      if (table == nullptr || row_at(*table, position) < 0) ++count;
    }
  }
  return count;
}

void SoftRows::check(const Step& step, Refusals& refusals) const {
  std::int64_t num_left = num_free();
  for (const SequenceId closed : step.closed) {
    const Table* const table = find(closed);
    if (table == nullptr) continue;
    for (const std::int32_t row : *table) num_left += row >= 0 ? 1 : 0;
  }
  for (std::size_t i = 0; i < step.sequences.size(); ++i) {
    if (refusals[i]) continue;
    const SequenceStep& sequence = step.sequences[i];
    const Table* table = find(sequence.sequence);
    for (const SequenceId closed : step.closed) {
      if (closed == sequence.sequence) table = nullptr;
    }
    refusals[i] = find_fault(sequence, table);
    if (refusals[i]) continue;
    const std::int64_t num_new = num_new_rows(sequence, table);
    if (num_new > num_left) {
      refusals[i] =
          Error{ErrorCode::kOverloaded, name_of(sequence) + " needs " + std::to_string(num_new) +
                                            " soft rows more, of " + std::to_string(num_rows_) +
                                            " are " + std::to_string(num_left) + " free"};
      continue;
    }
    num_left -= num_new;
  }
}

std::vector<std::int32_t> SoftRows::place(const SequenceStep& sequence) {
  std::vector<std::int32_t> rows;
  if (sequence.window.mixed.empty()) return rows;
  Table& table = tables_[sequence.sequence];
  table.resize(static_cast<std::size_t>(sequence.num_positions), -1);
  for (const Range range : sequence.window.mixed) {
    for (std::int32_t position = range.begin; position < range.end; ++position) {
      std::int32_t& row = table[static_cast<std::size_t>(position)];
      if (row < 0) {
        UNMASK_CHECK(!free_.empty());
        row = free_.back();
        free_.pop_back();
      }
      rows.push_back(row);
    }
  }
  return rows;
}

std::int32_t SoftRows::row(SequenceId sequence, std::int32_t position) const {
  const Table* const table = find(sequence);
  UNMASK_CHECK(table != nullptr && row_at(*table, position) >= 0);
  return row_at(*table, position);
}

void SoftRows::close(SequenceId sequence) {
  const auto at = tables_.find(sequence);
  if (at == tables_.end()) return;
  for (const std::int32_t row : at->second) {
    if (row >= 0) free_.push_back(row);
  }
  tables_.erase(at);
}

void SoftRows::close_all() {
  while (!tables_.empty()) close(tables_.begin()->first);
}

}  // namespace unmask::cache
