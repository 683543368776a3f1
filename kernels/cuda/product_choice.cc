#include "kernels/cuda/product_choice.h"

#include <cmath>

namespace unmask::kernels {

std::optional<std::size_t> choose_product(double own_micros,
                                          std::span<const double> library_micros) {
  const auto is_time = [](double micros) { return std::isfinite(micros) && micros > 0; };
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < library_micros.size(); ++i) {
    if (!is_time(library_micros[i])) continue;
    if (!best || library_micros[i] < library_micros[*best]) best = i;
  }
  if (!best || !is_time(own_micros)) return {};
  if (library_micros[*best] > (1 - kLeastGain) * own_micros) return {};
  return best;
}

}  // namespace unmask::kernels
