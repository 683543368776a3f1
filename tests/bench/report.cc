#include "tests/bench/report.h"

#include <algorithm>

namespace unmask::bench {

Peaks Report::peaks() const {
  const auto middle = [&](double Peaks::*rate) {
    std::vector<double> rates;
    for (const Cell& cell : cells) rates.push_back(cell.peaks.*rate);
    if (rates.empty()) return 0.0;
    const auto nth = rates.begin() + std::ptrdiff_t(rates.size() / 2);
    std::nth_element(rates.begin(), nth, rates.end());
    return *nth;
  };
  return {.f32_gflops = middle(&Peaks::f32_gflops),
          .bf16_gflops = middle(&Peaks::bf16_gflops),
          .gbytes = middle(&Peaks::gbytes)};
}

}  // namespace unmask::bench
