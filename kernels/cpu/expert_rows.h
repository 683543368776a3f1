#pragma once

#include <cstdint>
#include <vector>

namespace unmask::kernels {

/// Which rows chose which of the experts held here.
///
/// A choice is one (row, slot) pair; the choices are numbered expert by expert, within an expert by
/// row.
class ExpertRows {
 public:
  ExpertRows(int num_experts, int first_expert, int num_rows, int top_k,
             const std::int32_t* expert_ids);

  /// The experts that some row chose, ascending, counted from the first one held.
  [[nodiscard]] const std::vector<int>& active() const { return active_; }
  [[nodiscard]] int num_choices() const { return int(row_.size()); }
  [[nodiscard]] int first_choice(int expert) const { return offset_[std::size_t(expert)]; }
  [[nodiscard]] int num_rows(int expert) const {
    return offset_[std::size_t(expert) + 1] - offset_[std::size_t(expert)];
  }
  [[nodiscard]] int row(int choice) const { return row_[std::size_t(choice)]; }
  [[nodiscard]] int expert(int choice) const { return expert_[std::size_t(choice)]; }
  /// -1 if the expert in this slot is not held here.
  [[nodiscard]] int choice(int row, int slot) const {
    return choice_[std::size_t(row) * std::size_t(top_k_) + std::size_t(slot)];
  }

 private:
  int top_k_;
  std::vector<int> active_;
  std::vector<int> offset_;  // [num_experts + 1]
  std::vector<int> row_;     // [num_choices]
  std::vector<int> expert_;  // [num_choices]
  std::vector<int> choice_;  // [num_rows, top_k]
};

}  // namespace unmask::kernels
