#include "model/diffusion/strategies/factor.h"

#include <gmock/gmock.h>

#include "tests/unit/model/diffusion/columns.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

// With factor 1 the second must reach 1 - 1/3, the third 1 - 1/4, the fourth 1 - 1/5.
TEST(FactorTest, TakesTheSurestAsLongAsTheyReachTheBound) {
  EXPECT_THAT(edits_of(Factor{.factor = 1}, Columns({0.5f, 0.7f, 0.76f, 0.1f})),
              UnorderedElementsAre(Edit{2, 102}, Edit{1, 101}));
  EXPECT_THAT(edits_of(Factor{.factor = 1}, Columns({0.9f, 0.7f, 0.76f, 0.1f})),
              UnorderedElementsAre(Edit{0, 100}, Edit{2, 102}));
}

TEST(FactorTest, TakesTheSurestHoweverUnsure) {
  EXPECT_THAT(edits_of(Factor{.factor = 1}, Columns({0.01f, 0.02f, 0.01f})),
              ElementsAre(Edit{1, 101}));
}

TEST(FactorTest, ALargerFactorTakesMore) {
  const Columns columns({0.6f, 0.4f, 0.3f, 0.2f, 0.1f});
  EXPECT_EQ(edits_of(Factor{.factor = 1}, columns).size(), 1u);
  EXPECT_EQ(edits_of(Factor{.factor = 2}, columns).size(), 2u);
}

TEST(FactorTest, TheLastOneGoesAlongThoughItFails) {
  EXPECT_EQ(edits_of(Factor{.factor = 1}, Columns({0.9f, 0.1f})).size(), 2u);
  EXPECT_EQ(edits_of(Factor{.factor = 1}, Columns({0.2f})).size(), 1u);
}

}  // namespace
}  // namespace unmask::diffusion
