#pragma once

#include <utility>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/panels.h"

namespace unmask::kernels {

class CpuExperts final : public PackedExperts {
 public:
  struct Expert {
    Panels gate_up;  ///< [2 * padded width, hidden]: panels of gate and of up take turns
    Panels down;     ///< [hidden, width]
  };

  CpuExperts(std::vector<Expert> experts, const ShareOffsets& shares)
      : experts_(std::move(experts)), shares_(shares) {}

  [[nodiscard]] int num_experts() const override { return int(experts_.size()); }
  [[nodiscard]] int hidden_size() const override {
    return experts_.empty() ? 0 : experts_.front().gate_up.num_cols();
  }
  [[nodiscard]] std::size_t bytes() const override {
    std::size_t sum = 0;
    for (const Expert& expert : experts_) sum += expert.gate_up.bytes() + expert.down.bytes();
    return sum;
  }
  [[nodiscard]] const Expert& operator[](int i) const { return experts_[std::size_t(i)]; }
  [[nodiscard]] const ShareOffsets& shares() const { return shares_; }

 private:
  std::vector<Expert> experts_;
  ShareOffsets shares_;
};

}  // namespace unmask::kernels
