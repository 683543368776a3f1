#include "kernels/cpu/expert_rows.h"

namespace unmask::kernels {

ExpertRows::ExpertRows(int num_experts, int first_expert, int num_rows, int top_k,
                       const std::int32_t* expert_ids)
    : top_k_(top_k),
      offset_(std::size_t(num_experts) + 1),
      choice_(std::size_t(num_rows) * std::size_t(top_k), -1) {
  const auto expert_of = [&](std::size_t i) { return std::int64_t{expert_ids[i]} - first_expert; };
  const auto is_held = [&](std::size_t i) {
    return expert_of(i) >= 0 && expert_of(i) < num_experts;
  };
  for (std::size_t i = 0; i < choice_.size(); ++i) {
    if (is_held(i)) ++offset_[std::size_t(expert_of(i)) + 1];
  }
  for (int e = 0; e < num_experts; ++e) {
    if (offset_[std::size_t(e) + 1] > 0) active_.push_back(e);
    offset_[std::size_t(e) + 1] += offset_[std::size_t(e)];
  }
  row_.resize(std::size_t(offset_.back()));
  expert_.resize(row_.size());
  std::vector<int> next(offset_.begin(), offset_.end() - 1);
  for (std::size_t i = 0; i < choice_.size(); ++i) {
    if (!is_held(i)) continue;
    choice_[i] = next[std::size_t(expert_of(i))]++;
    row_[std::size_t(choice_[i])] = int(i / std::size_t(top_k));
    expert_[std::size_t(choice_[i])] = int(expert_of(i));
  }
}

}  // namespace unmask::kernels
