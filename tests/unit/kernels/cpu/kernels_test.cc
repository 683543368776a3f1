#include "kernels/cpu/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/float_formats.h"

namespace unmask::kernels {
namespace {

class KernelsTest : public testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (kernels_of(GetParam()) == nullptr) GTEST_SKIP() << "not on this machine";
  }
  [[nodiscard]] const Kernels& kernels() const { return *kernels_of(GetParam()); }
};

std::string name_of(const testing::TestParamInfo<InstructionSet>& set) {
  constexpr const char* kNames[] = {"Portable", "Avx2", "Avx512"};
  return kNames[std::size_t(set.param)];
}

INSTANTIATE_TEST_SUITE_P(, KernelsTest,
                         testing::Values(InstructionSet::kPortable, InstructionSet::kAvx2,
                                         InstructionSet::kAvx512),
                         name_of);

std::vector<float> random_values(int n, float deviation) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> values;
  for (int i = 0; i < n; ++i) values.push_back(normal(random));
  return values;
}

TEST_P(KernelsTest, ExpIsAccurateToTwoUnitsInTheLastPlace) {
  std::vector<float> x, e;
  for (float value = -87.3f; value < 88.7f; value += 0.00371f) x.push_back(value);
  e = x;
  kernels().softmax_numerators(e.data(), std::int64_t(e.size()), 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = std::exp(double(x[i]));
    ASSERT_NEAR(e[i], exact, 2.4e-7 * exact) << x[i];
  }
}

TEST_P(KernelsTest, ExpOfTheExtremes) {
  std::vector<float> x{-HUGE_VALF, -1e30f, -88.0f, 0.0f, 89.0f, HUGE_VALF, std::nanf("")};
  kernels().softmax_numerators(x.data(), std::int64_t(x.size()), 0);
  EXPECT_EQ(x[0], 0);
  EXPECT_EQ(x[1], 0);
  EXPECT_EQ(x[2], 0);
  EXPECT_EQ(x[3], 1);
  EXPECT_EQ(x[4], HUGE_VALF);
  EXPECT_EQ(x[5], HUGE_VALF);
  EXPECT_TRUE(std::isnan(x[6]));
}

TEST_P(KernelsTest, AValueDoesNotDependOnItsLane) {
  const std::vector<float> x = random_values(50, 3);
  for (int first = 0; first < 20; ++first) {
    std::vector<float> part(x.begin() + first, x.begin() + first + 29), all = x;
    kernels().softmax_numerators(part.data(), 29, 0.5f);
    kernels().softmax_numerators(all.data(), 50, 0.5f);
    for (int i = 0; i < 29; ++i) EXPECT_EQ(part[std::size_t(i)], all[std::size_t(first + i)]);
  }
}

TEST_P(KernelsTest, RoundsToBf16LikeTheScalarFunction) {
  std::vector<float> x = random_values(1003, 1e10f);
  x[0] = std::nanf("");
  x[1] = HUGE_VALF;
  x[2] = std::bit_cast<float>(0x3f808000u);
  x[3] = 1e-40f;
  std::vector<std::uint16_t> out(x.size());
  kernels().round_to_bf16(x.data(), std::int64_t(x.size()), out.data());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(out[i], bf16_of(x[i])) << x[i];
}

TEST_P(KernelsTest, MaxPassesOverWhatIsNotANumberAndFindsTheFirst) {
  for (const int n : {1, 15, 16, 17, 100}) {
    std::vector<float> x = random_values(n, 1);
    x[0] = std::nanf("");
    const float none = n == 1 ? -HUGE_VALF : 50.0f;
    if (n > 1) x[std::size_t(n - 1)] = 50.0f;
    EXPECT_EQ(kernels().max(x.data(), n), none);
    EXPECT_EQ(kernels().find(x.data(), n, 50.0f), n == 1 ? 1 : n - 1);
    EXPECT_EQ(kernels().find(x.data(), n, 51.0f), n);
  }
}

}  // namespace
}  // namespace unmask::kernels
