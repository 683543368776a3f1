#pragma once

#include "kernels/cpu/simd/vec.h"

namespace unmask::kernels {
namespace {

/// e^x of every lane, within 2e-7 of it relatively; 0 below -87, infinity above 88.7.
///
/// x = n ln 2 + r with |r| <= ln(2) / 2, then 2^n times a polynomial in r (Cephes' expf).
[[gnu::always_inline]] inline Vec exp(Vec x) {
  constexpr float kLog2E = 1.44269504088896341f;
  constexpr float kLn2High = 0.693359375f;  // few bits: n * kLn2High is exact
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  constexpr float kLowest = -87.33654f, kHighest = 88.72283f;

  const Vec shifted = multiply_add(x, splat(kLog2E), splat(kRounder));
  const Vec n = shifted - kRounder;
  Vec r = multiply_add(n, splat(-kLn2High), x);
  r = multiply_add(n, splat(-kLn2Low), r);

  Vec p = splat(1.9875691500e-4f);
  p = multiply_add(p, r, splat(1.3981999507e-3f));
  p = multiply_add(p, r, splat(8.3334519073e-3f));
  p = multiply_add(p, r, splat(4.1665795894e-2f));
  p = multiply_add(p, r, splat(1.6666665459e-1f));
  p = multiply_add(p, r, splat(5.0000001201e-1f));
  p = multiply_add(p, r * r, r) + 1.0f;

  // 2^n in two factors, because n = 128 has no float of its own.
  const VecInt exponent = VecInt(shifted) - 0x4b400000;
  const VecInt half = exponent >> 1;
  const Vec scaled = p * Vec((half + 127) << 23) * Vec((exponent - half + 127) << 23);
  const Vec bounded = x > kHighest ? splat(__builtin_inff()) : scaled;
  return x < kLowest ? Vec{} : bounded;
}

}  // namespace
}  // namespace unmask::kernels
