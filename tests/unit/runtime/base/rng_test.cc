#include "runtime/base/rng.h"

#include <gmock/gmock.h>

#include <cmath>

namespace unmask {
namespace {

using testing::ElementsAre;

TEST(PhiloxTest, AgreesWithTheKnownAnswersOfItsAuthors) {
  EXPECT_THAT(philox({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  EXPECT_THAT(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(RngTest, SameSeedIsTheSameSequenceAndAnotherStreamIsNot) {
  Rng first(7, 1);
  Rng again(7, 1);
  Rng other(7, 2);
  int num_equal = 0;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t drawn = first.next();
    EXPECT_EQ(drawn, again.next());
    num_equal += drawn == other.next();
  }
  EXPECT_EQ(num_equal, 0);
}

TEST(RngTest, BelowStaysBelowAndReachesEveryValue) {
  Rng rng(1);
  std::array<int, 5> counts{};
  for (int i = 0; i < 5000; ++i) ++counts.at(rng.below(5));
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
  EXPECT_EQ(rng.below(1), 0u);
}

TEST(RngTest, UniformAndExponentialHaveTheirMeans) {
  Rng rng(1);
  double uniform = 0;
  double exponential = 0;
  for (int i = 0; i < 20000; ++i) {
    uniform += rng.uniform();
    exponential += rng.exponential();
  }
  EXPECT_NEAR(uniform / 20000, 0.5, 0.01);
  EXPECT_NEAR(exponential / 20000, 1.0, 0.03);
}

}  // namespace
}  // namespace unmask
