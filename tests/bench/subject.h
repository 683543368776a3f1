#pragma once

#include <string>

namespace unmask::bench {

/// Something whose forward is measured at several numbers of rows. What it computes with is told
/// where it is made.
class Subject {
 public:
  virtual ~Subject() = default;

  /// As in the table.
  [[nodiscard]] virtual std::string name() const = 0;
  /// Whatever need not be timed.
  virtual void prepare(int num_rows) = 0;
  /// One forward of that many rows.
  virtual void forward() = 0;
};

}  // namespace unmask::bench
