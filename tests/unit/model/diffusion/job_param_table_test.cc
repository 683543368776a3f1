#include "model/diffusion/job_param_table.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "model/diffusion/alternatives.h"
#include "model/diffusion/job_params.h"
#include "model/diffusion/param_text.h"
#include "model/diffusion/strategy_aliases.h"

namespace unmask::diffusion {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

DiffusionParams with(const Strategy& strategy) { return {.strategy = strategy}; }
DiffusionParams with(const CachePolicy& cache) { return {.cache = cache}; }

std::string round_trip_failure(const DiffusionParams& params) {
  const auto again = parse_job_params(named_values(params));
  if (!again) return again.error().message;
  return *again == params ? "" : "other parameters";
}

/// The default that the table shows for `param` beside `choice`.
std::string shown_default(const JobParam& row, std::string_view choice) {
  for (const OtherDefault& other : row.other_defaults) {
    if (std::ranges::find(other.choices, choice) != other.choices.end()) return other.value;
  }
  return row.default_value;
}

/// `Variant` is what the parameter `chooser` chooses from; every case holds for what will be added
/// to it, too.
template <typename Variant>
struct Choosable {};
template <>
struct Choosable<Strategy> {
  static constexpr std::string_view kChooser = "strategy";
};
template <>
struct Choosable<CachePolicy> {
  static constexpr std::string_view kChooser = "cache";
};

template <typename Variant>
class AlternativesTest : public testing::Test {
 protected:
  static constexpr std::string_view kChooser = Choosable<Variant>::kChooser;
};
using Variants = testing::Types<Strategy, CachePolicy>;
TYPED_TEST_SUITE(AlternativesTest, Variants);

TYPED_TEST(AlternativesTest, EveryAlternativeIsOfferedUnderANameOfItsOwn) {
  const JobParam& row = *find_job_param(this->kChooser);
  std::set<std::string_view> names;
  for_each_alternative<TypeParam>([&]<typename Params>(const Params&) {
    EXPECT_THAT(row.choices, Contains(Params::kName));
    EXPECT_TRUE(names.insert(Params::kName).second) << Params::kName;
  });
}

TYPED_TEST(AlternativesTest, EveryParameterOfAnAlternativeIsARowThatSaysSo) {
  for_each_alternative<TypeParam>([&]<typename Params>(const Params& params) {
    const auto expect_row = [&](const Param& param, const auto& field) {
      SCOPED_TRACE(std::string(Params::kName) + " " + std::string(param.name));
      const JobParam* row = find_job_param(param.name);
      ASSERT_NE(row, nullptr);
      EXPECT_THAT(row->help, Not(IsEmpty()));
      EXPECT_EQ(row->applies_to.param, this->kChooser);
      EXPECT_THAT(row->applies_to.values, Contains(Params::kName));
      const bool is_unset = param.unset == Unset::kByDefault;
      EXPECT_EQ(shown_default(*row, Params::kName), is_unset ? "" : text_of(field));
    };
    Params::for_each_param(params, expect_row);
    for_each_fieldless_param_of<Params>(expect_row);
  });
}

TYPED_TEST(AlternativesTest, EveryDefaultIsInBoundsUnlessItMeansNone) {
  for_each_alternative<TypeParam>([&]<typename Params>(const Params& params) {
    Params::for_each_param(params, [&](const Param& param, const auto& field) {
      const bool is_in_bounds =
          double(field) >= param.bounds.min && double(field) <= param.bounds.max;
      EXPECT_EQ(is_in_bounds, param.unset == Unset::kNever) << Params::kName << " " << param.name;
    });
  });
}

TYPED_TEST(AlternativesTest, EveryShownDefaultMayBeGiven) {
  for_each_alternative<TypeParam>([&]<typename Params>(const Params& params) {
    std::vector<NamedValue> given{{std::string(this->kChooser), std::string(Params::kName)}};
    const auto add = [&](const Param& param, const auto& field) {
      if (param.unset == Unset::kNever) {
        given.push_back({std::string(param.name), text_of(field)});
      }
    };
    Params::for_each_param(params, add);
    for_each_fieldless_param_of<Params>(add);
    const auto parsed = parse_job_params(given);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(*parsed, with(TypeParam(params)));
  });
}

TYPED_TEST(AlternativesTest, EveryAlternativeIsReadAsItWasNamed) {
  for_each_alternative<TypeParam>([&]<typename Params>(Params params) {
    EXPECT_EQ(round_trip_failure(with(TypeParam(params))), "") << Params::kName;
    Params::for_each_param(params, [&]<typename Field>(const Param& param, Field& field) {
      for (const double bound : {param.bounds.min, param.bounds.max}) {
        field = Field(bound);
        EXPECT_EQ(round_trip_failure(with(TypeParam(params))), "")
            << Params::kName << " " << param.name << " " << bound;
      }
    });
  });
}

TYPED_TEST(AlternativesTest, ANameThatNoAlternativeHasChoosesNone) {
  EXPECT_FALSE(alternative_named<TypeParam>("treshold").has_value());
  EXPECT_FALSE(alternative_named<TypeParam>("").has_value());
  for_each_alternative<TypeParam>([&]<typename Params>(const Params& params) {
    EXPECT_EQ(alternative_named<TypeParam>(Params::kName), TypeParam(params));
  });
}

TEST(JobParamTableTest, EveryOfferedChoiceIsTaken) {
  for (const JobParam& row : job_param_table()) {
    for (const std::string_view choice : row.choices) {
      std::vector<NamedValue> given{{std::string(row.name), std::string(choice)}};
      if (!row.applies_to.values.empty()) {
        given.push_back(
            {std::string(row.applies_to.param), std::string(row.applies_to.values.front())});
      }
      const auto parsed = parse_job_params(given);
      ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
      const auto* alias = std::ranges::find(kStrategyAliases, choice, &StrategyAlias::name);
      const bool is_alias = alias != std::end(kStrategyAliases);
      if (row.name == "strategy") {
        EXPECT_EQ(name_of(parsed->strategy), is_alias ? alias->strategy : choice);
      }
      if (row.name == "cache") {
        EXPECT_EQ(text_of(parsed->cache), choice);
      }
    }
  }
}

TEST(JobParamTableTest, AnAliasSwitchesOnASwitch) {
  for (const StrategyAlias& alias : kStrategyAliases) {
    if (alias.switches_on.empty()) continue;
    const JobParam* row = find_job_param(alias.switches_on);
    ASSERT_NE(row, nullptr) << alias.switches_on;
    EXPECT_EQ(row->type, ParamType::kBoolean);
  }
}

TEST(JobParamTableTest, ADefaultThatDependsOnTheChoiceIsShownForEveryOne) {
  const JobParam& unroll = *find_job_param("unroll");
  for (const Preset& preset : kPresets) {
    if (preset.compat == kDefault) continue;
    EXPECT_THAT(unroll.applies_to.values, Contains(preset.driver));
    EXPECT_EQ(shown_default(unroll, preset.driver), text_of(preset.compat.unroll));
  }
  EXPECT_THAT(job_params_help(), HasSubstr("default 1 with driver hierarchy, llada_generate"));
}

TEST(JobParamTableTest, ANameStandsForOneParameter) {
  std::set<std::string_view> names;
  for (const JobParam& row : job_param_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_THAT(row.help, Not(IsEmpty())) << row.name;
  }
}

}  // namespace
}  // namespace unmask::diffusion
