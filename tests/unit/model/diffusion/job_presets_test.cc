#include "model/diffusion/job_presets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/diffusion/job_params.h"

namespace unmask::diffusion {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;
using Values = std::vector<NamedValue>;

std::string preset_refusal(const Values& values) {
  const auto chosen = with_preset(values);
  return chosen ? "was taken" : chosen.error().message;
}

TEST(JobPresetsTest, EachMakesAJobAndTheyDiffer) {
  std::vector<std::vector<NamedValue>> jobs;
  for (const JobPreset& preset : job_presets()) {
    const auto params = parse_job_params(Values{{"preset", std::string(preset.name)}});
    ASSERT_TRUE(params) << params.error().message;
    jobs.push_back(named_values(*params));
  }
  ASSERT_EQ(jobs.size(), 3u);
  EXPECT_NE(jobs[0], jobs[1]);
  EXPECT_NE(jobs[1], jobs[2]);
  EXPECT_NE(jobs[0], jobs[2]);
}

TEST(JobPresetsTest, WhatIsGivenBesideItHasTheLastWord) {
  const Values given{{"threshold", "0.7"}, {"preset", "fast"}, {"gen_length", "32"}};
  EXPECT_THAT(*with_preset(given),
              UnorderedElementsAre(NamedValue{"threshold", "0.7"}, NamedValue{"gen_length", "32"},
                                   NamedValue{"strategy", "threshold"}));
}

TEST(JobPresetsTest, WithoutOneNothingChanges) {
  const Values given{{"threshold", "0.7"}, {"threshold", "0.8"}};
  EXPECT_EQ(*with_preset(given), given);
  EXPECT_EQ(*with_preset(Values{{"preset", "null"}}), Values{});
}

TEST(JobPresetsTest, WhatCannotBeIsRefused) {
  EXPECT_THAT(preset_refusal({{"preset", "best"}}), HasSubstr("quality, balanced, fast"));
  EXPECT_THAT(preset_refusal({{"preset", "fast"}, {"preset", "fast"}}), HasSubstr("twice"));
  EXPECT_THAT(preset_refusal({{"preset", "fast"}, {"strategy", "fixed"}}),
              HasSubstr("leave out one"));
}

}  // namespace
}  // namespace unmask::diffusion
