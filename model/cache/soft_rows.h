/// Which soft row of iteration smoothing belongs to which position of which sequence.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/step.h"

namespace unmask::cache {

/// Rows of one space, given out when a position is first mixed and taken back when the sequence is
/// closed.
///
/// Invariant  a row belongs to one position of one sequence or is free
class SoftRows {
 public:
  explicit SoftRows(int num_rows);

  [[nodiscard]] int num_rows() const { return num_rows_; }
  [[nodiscard]] int num_free() const { return static_cast<int>(free_.size()); }

  /// Refuses the sequences of `step` that cannot be placed; changes nothing. Looks at those alone
  /// that are not refused yet, whose windows must be sane in themselves.
  ///
  /// Errors  per sequence: kInvalidArgument: an input is a soft row that was never mixed, or the
  ///         length of the canvas changed; kOverloaded: rows are short, with the figures
  void check(const Step& step, Refusals& refusals) const;

  /// The rows of the positions that `sequence` mixes, which it has from now on. After a successful
  /// check() of the step.
  std::vector<std::int32_t> place(const SequenceStep& sequence);
  /// Of a position that was mixed before.
  [[nodiscard]] std::int32_t row(SequenceId sequence, std::int32_t position) const;

  /// Frees the rows of a sequence; harmless if it has none.
  void close(SequenceId sequence);
  void close_all();

 private:
  using Table = std::vector<std::int32_t>;  // by position, -1 = none yet

  [[nodiscard]] static std::optional<Error> find_fault(const SequenceStep& sequence,
                                                       const Table* table);
  [[nodiscard]] static std::int64_t num_new_rows(const SequenceStep& sequence, const Table* table);
  [[nodiscard]] const Table* find(SequenceId sequence) const;

  const int num_rows_;
  std::vector<std::int32_t> free_;
  std::map<SequenceId, Table> tables_;
};

}  // namespace unmask::cache
