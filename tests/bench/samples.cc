#include "tests/bench/samples.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace unmask::bench {
namespace {

/// The best sample after a share of them is passed over. samples: not empty
template <class Sample, class Value, class Better>
Sample pick(std::vector<Sample> samples, double passed_over, const Value& value,
            const Better& is_better) {
  const double count = std::ceil(double(samples.size() - 1) * passed_over);
  const auto nth = samples.begin() + std::ptrdiff_t(count);
  std::nth_element(samples.begin(), nth, samples.end(),
                   [&](const Sample& a, const Sample& b) { return is_better(value(a), value(b)); });
  return *nth;
}

}  // namespace

ForwardCost Samples::cost() const {
  const auto least = [&](const auto& cost_of) {
    const auto seconds = [&](const ForwardCost& cost) { return cost_of(cost).seconds; };
    return cost_of(pick(costs_, passed_over_, seconds, std::less()));
  };
  ForwardCost best;
  best.total = least([](const ForwardCost& cost) { return cost.total; });
  for (std::size_t i = 0; i < kNumParts; ++i) {
    best.parts[i] = least([i](const ForwardCost& cost) { return cost.parts[i]; });
  }
  return best;
}

Peaks Samples::peaks() const {
  const auto most = [&](double Peaks::*rate) {
    const auto value = [&](const Peaks& peaks) { return peaks.*rate; };
    return pick(peaks_, passed_over_, value, std::greater()).*rate;
  };
  return {.f32_gflops = most(&Peaks::f32_gflops),
          .bf16_gflops = most(&Peaks::bf16_gflops),
          .gbytes = most(&Peaks::gbytes)};
}

}  // namespace unmask::bench
