#include "runtime/cli/eval/grid.h"

#include <gmock/gmock.h>

namespace unmask::cli {
namespace {

using diffusion::NamedValue;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(const Grid& grid) {
  std::vector<std::string> names;
  for (const Variant& variant : grid.variants) names.push_back(variant.name());
  return names;
}

TEST(MakeGrid, TriesEveryStrategyWithEveryCacheWithSmoothingAndWithout) {
  const auto grid = make_grid({{"threshold", "credit"}, {"none", "dual"}, "both", {}}, false);
  ASSERT_TRUE(grid);
  EXPECT_THAT(names(*grid),
              ElementsAre("threshold none", "threshold none smoothing", "threshold dual",
                          "threshold dual smoothing", "credit none", "credit none smoothing",
                          "credit dual", "credit dual smoothing"));
  EXPECT_THAT(grid->variants[1].parameters, Contains(NamedValue{"smoothing", "true"}));
  EXPECT_TRUE(grid->left_out.empty());
}

TEST(MakeGrid, ParametersOfAVariantAreStrongerThanThoseOfAll) {
  const auto grid = make_grid({{"hierarchy:threshold=0.92:low_threshold=0.6", "threshold"},
                               {"vicinity:warmup_steps=2"},
                               "off",
                               {"threshold=0.8", "gen_length=64"}},
                              false);
  ASSERT_TRUE(grid);
  EXPECT_THAT(grid->variants[0].parameters,
              ElementsAre(NamedValue{"gen_length", "64"}, NamedValue{"strategy", "hierarchy"},
                          NamedValue{"threshold", "0.92"}, NamedValue{"low_threshold", "0.6"},
                          NamedValue{"cache", "vicinity"}, NamedValue{"warmup_steps", "2"}));
  EXPECT_THAT(grid->variants[1].parameters, Contains(NamedValue{"threshold", "0.8"}));
}

TEST(MakeGrid, LeavesOutWhatContradictsItself) {
  const auto grid = make_grid({{"threshold"}, {"block", "dual"}, "both", {}}, true);
  ASSERT_TRUE(grid);
  EXPECT_THAT(names(*grid), ElementsAre("threshold block"));
  EXPECT_THAT(grid->left_out, Contains(HasSubstr("threshold block smoothing: ")));
  EXPECT_THAT(grid->left_out, Contains(HasSubstr("threshold dual: the model's attention")));
}

TEST(MakeGrid, TriesWhatSomeModelCouldWhereTheModelIsNotKnown) {
  const auto grid = make_grid({{"threshold"}, {"block", "dual"}, "off", {}}, std::nullopt);
  ASSERT_TRUE(grid);
  EXPECT_EQ(grid->variants.size(), 2u);
}

TEST(MakeGrid, AParameterOfNoEffectLeavesItsVariantOut) {
  const auto grid = make_grid({{"threshold", "fixed"}, {"none"}, "off", {"threshold=0.7"}}, false);
  ASSERT_TRUE(grid);
  EXPECT_THAT(names(*grid), ElementsAre("threshold none"));
  EXPECT_THAT(grid->left_out, ElementsAre(HasSubstr("fixed none: ")));
}

TEST(MakeGrid, RefusesWhatDoesNotExist) {
  const auto error = [](const GridOptions& options) {
    const auto grid = make_grid(options, false);
    return grid ? "nothing" : grid.error().message;
  };
  EXPECT_THAT(error({{"treshold"}, {"none"}, "off", {}}), HasSubstr("did you mean \"threshold\""));
  EXPECT_THAT(error({{"threshold"}, {"dul"}, "off", {}}), HasSubstr("there is no cache 'dul'"));
  EXPECT_THAT(error({{"threshold:x=1"}, {"none"}, "off", {}}), HasSubstr("no parameter 'x'"));
  EXPECT_THAT(error({{"threshold:x"}, {"none"}, "off", {}}), HasSubstr("strategy 'threshold': "));
  EXPECT_THAT(error({{"threshold"}, {"none"}, "off", {"cache=dual"}}), HasSubstr("say --caches"));
  EXPECT_THAT(error({{"threshold"}, {"none"}, "off", {"gen_lenth=4"}}), HasSubstr("gen_length"));
  EXPECT_THAT(error({{"threshold"}, {"block"}, "off", {}}), HasSubstr("no combination"));
}

}  // namespace
}  // namespace unmask::cli
