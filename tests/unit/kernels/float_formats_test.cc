#include "kernels/float_formats.h"

#include <gtest/gtest.h>

#include <cmath>

namespace unmask::kernels {
namespace {

TEST(FloatFormatsTest, Bf16RoundsToTheNearestEven) {
  EXPECT_EQ(bf16_of(1.0f), 0x3f80);
  EXPECT_EQ(bf16_of(std::bit_cast<float>(0x3f808000u)), 0x3f80);  // half way, even below
  EXPECT_EQ(bf16_of(std::bit_cast<float>(0x3f818000u)), 0x3f82);  // half way, even above
  EXPECT_EQ(bf16_of(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(bf16_of(-3.4e38f), 0xff80);  // beyond the largest: infinity
  EXPECT_TRUE(std::isnan(float_of_bf16(bf16_of(std::bit_cast<float>(0x7f800001u)))));
}

TEST(FloatFormatsTest, EveryBf16SurvivesTheWayThereAndBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = float_of_bf16(std::uint16_t(bits));
    if (std::isnan(value)) continue;
    EXPECT_EQ(bf16_of(value), bits);
  }
}

TEST(FloatFormatsTest, EveryF16HasItsValue) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = float_of_f16(std::uint16_t(bits));
    const int exponent = int(bits >> 10 & 0x1f), fraction = int(bits & 0x3ff);
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(value), fraction != 0);
      EXPECT_EQ(std::isinf(value), fraction == 0);
      continue;
    }
    const double magnitude =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    EXPECT_EQ(double(value), bits & 0x8000 ? -magnitude : magnitude);
    EXPECT_EQ(std::signbit(value), (bits & 0x8000) != 0);
  }
}

}  // namespace
}  // namespace unmask::kernels
