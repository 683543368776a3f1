#include "kernels/cuda/product_choice.h"

#include <cmath>

namespace unmask::kernels {
namespace {

bool is_time(double micros) { return std::isfinite(micros) && micros > 0; }

}  // namespace

std::optional<std::size_t> fastest_of(std::span<const double> micros) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < micros.size(); ++i) {
    if (is_time(micros[i]) && (!best || micros[i] < micros[*best])) best = i;
  }
  return best;
}

std::optional<std::size_t> choose_product(double own_micros,
                                          std::span<const double> library_micros) {
  const std::optional<std::size_t> best = fastest_of(library_micros);
  if (!best || !is_time(own_micros)) return {};
  if (library_micros[*best] > (1 - kLeastGain) * own_micros) return {};
  return best;
}

}  // namespace unmask::kernels
