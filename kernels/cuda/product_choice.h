#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace unmask::kernels {

/// The part by which a library's product has to be faster. Own kernels compute the rows that are
/// there, a library all that there is room for, up to twice as many; and a measurement that comes
/// out the other way at the next start would change bytes for nothing.
inline constexpr double kLeastGain = 0.07;

/// The one that took the least time, if any could be measured.
[[nodiscard]] std::optional<std::size_t> fastest_of(std::span<const double> micros);

/// Which of a library's algorithms computes a product; none: own kernels do.
///
/// Times are microseconds; what is not above 0, or not finite, could not be measured and is not
/// chosen.
[[nodiscard]] std::optional<std::size_t> choose_product(double own_micros,
                                                        std::span<const double> library_micros);

}  // namespace unmask::kernels
