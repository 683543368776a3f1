/// Which slot of the KV cache holds which position of which sequence.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "kernels/backend.h"
#include "model/step.h"
#include "runtime/base/ids.h"
#include "runtime/base/result.h"

namespace unmask::cache {

inline constexpr int kPagePositions = 16;  ///< positions of one page

/// Pages that a canvas of this length needs at worst.
constexpr int pages_needed(int num_positions) {
  return num_positions / kPagePositions + (num_positions % kPagePositions != 0 ? 1 : 0);
}

/// Where the K/V of one sequence's rows go and what the rows see, in slots.
struct KvLayout {
  std::vector<std::int32_t> slots;      ///< per computed row
  std::vector<kernels::KvRun> runs;     ///< keys by ascending position
  std::vector<std::int32_t> key_limit;  ///< per computed row: how many of the keys it sees
};

/// Pages of fixed size in one space of slots, given out when a position is first written and taken
/// back when the sequence is closed. Behind the pages lie scratch slots, one per row of a step, for
/// fresh K/V that must not stay; they are over with the layer.
///
/// Invariant  a page belongs to one sequence or is free
class KvPages {
 public:
  KvPages(int num_pages, int num_scratch_slots);

  /// Of all pages; numbered from 0.
  [[nodiscard]] int num_page_slots() const { return num_pages_ * kPagePositions; }
  /// The number between pages and scratch is no slot: no run reaches over it.
  [[nodiscard]] int first_scratch_slot() const { return num_page_slots() + 1; }
  [[nodiscard]] int num_scratch_slots() const { return num_scratch_slots_; }
  [[nodiscard]] int num_pages() const { return num_pages_; }
  [[nodiscard]] int num_free_pages() const { return static_cast<int>(free_.size()); }
  [[nodiscard]] int num_sequences() const { return static_cast<int>(tables_.size()); }

  /// Refuses the sequences of `step` that cannot be placed; changes nothing. Looks at those alone
  /// that are not refused yet, whose windows must be sane in themselves.
  ///
  /// Errors  per sequence: kInvalidArgument: a visible position was never written, or the length of
  ///         the canvas changed; kOverloaded: pages are short, with the figures
  void check(const Step& step, Refusals& refusals) const;

  /// Gives the written positions their pages. Row i of the sequence may use scratch slot
  /// `first_row` + i. After a successful check() of the step.
  KvLayout place(const SequenceStep& sequence, int first_row);

  /// Frees the pages of a sequence; harmless if it has none.
  void close(SequenceId sequence);
  void close_all();

 private:
  struct Table {
    std::int32_t num_positions = 0;
    std::vector<std::int32_t> pages;  // by position / kPagePositions, -1 = none yet
    std::vector<bool> is_written;     // by position
  };

  [[nodiscard]] static std::optional<Error> find_fault(const SequenceStep& sequence,
                                                       const Table* table);
  [[nodiscard]] static std::int64_t num_new_pages(const SequenceStep& sequence, const Table* table);
  [[nodiscard]] const Table* find(SequenceId sequence) const;
  [[nodiscard]] static std::int32_t slot(const Table& table, std::int32_t position);
  void write(Table& table, const Ranges& positions);

  const int num_pages_;
  const int num_scratch_slots_;
  std::vector<std::int32_t> free_;  // a heap, the lowest page first
  std::map<SequenceId, Table> tables_;
};

}  // namespace unmask::cache
