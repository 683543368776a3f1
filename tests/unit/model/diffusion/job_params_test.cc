#include "model/diffusion/job_params.h"

#include <gmock/gmock.h>

namespace unmask::diffusion {
namespace {

using testing::HasSubstr;

DiffusionParams parsed(std::vector<NamedValue> values) {
  const auto params = parse_job_params(values);
  if (params) return *params;
  ADD_FAILURE() << params.error().message;
  return {};
}

std::string refusal(std::vector<NamedValue> values) {
  const auto params = parse_job_params(values);
  return params ? "was taken" : params.error().message;
}

TEST(JobParamsTest, DefaultsAreThoseOfTheStruct) { EXPECT_EQ(parsed({}), DiffusionParams{}); }

TEST(JobParamsTest, EveryParameterIsRead) {
  const DiffusionParams params = parsed({{"gen_length", "64"},
                                         {"block_length", "16"},
                                         {"start_block_align", "true"},
                                         {"strategy", "fixed"},
                                         {"steps", "4"},
                                         {"cache", "dual"},
                                         {"cache_update_freq", "3"},
                                         {"early_stop", "false"},
                                         {"seed", "9007199254740991"},
                                         {"mask_id", "511"},
                                         {"eos_id", "508"}});
  EXPECT_EQ(params.gen_length, 64);
  EXPECT_EQ(params.block_length, 16);
  EXPECT_TRUE(params.start_block_align);
  EXPECT_EQ(params.strategy, Strategy(FixedSteps{.steps_per_block = 4}));
  EXPECT_EQ(params.cache, CachePolicy(DualCache{.cache_update_freq = 3}));
  EXPECT_FALSE(params.compat.early_stop);
  EXPECT_EQ(params.seed, 9007199254740991u);
  EXPECT_EQ(params.mask_id, 511);
  EXPECT_EQ(params.eos_id, 508);
}

TEST(JobParamsTest, ADriverIsAPresetOfTheCompat) {
  Compat compat = kBlockwise;
  compat.unroll = 2;
  EXPECT_EQ(parsed({{"driver", "blockwise"}, {"unroll", "2"}}).compat, compat);
}

TEST(JobParamsTest, EveryStrategyAndCacheIsChosenByItsNameWithItsOwnParameters) {
  EXPECT_EQ(parsed({{"strategy", "factor"}, {"factor", "2"}}).strategy, Strategy(Factor{2}));
  EXPECT_EQ(parsed({{"strategy", "hierarchy"}, {"low_threshold", "0.2"}}).strategy,
            Strategy(Hierarchy{.low_threshold = 0.2f}));
  EXPECT_EQ(parsed({{"strategy", "hierarchy_remask"}, {"remask_threshold", "0.1"}}).strategy,
            Strategy(HierarchyRemask{.remask_threshold = 0.1f}));
  EXPECT_EQ(parsed({{"cache", "vicinity"}, {"after_look", "0"}}).cache,
            CachePolicy(VicinityCache{.after_look = 0}));
}

TEST(JobParamsTest, AnAliasIsTheStrategyThatItStandsFor) {
  const DiffusionParams credit = parsed({{"strategy", "credit"}, {"decay_beta", "0.5"}});
  EXPECT_EQ(credit.strategy, Strategy(Threshold{}));
  EXPECT_EQ(credit.credit, (Credit{.decay_beta = 0.5f}));
  EXPECT_EQ(credit, parsed({{"credit", "true"}, {"decay_beta", "0.5"}}));
  EXPECT_THAT(refusal({{"strategy", "credit"}, {"credit", "false"}}), HasSubstr("cannot be false"));
  EXPECT_THAT(refusal({{"decay_beta", "0.5"}}), HasSubstr("only with credit=true"));
  EXPECT_EQ(parsed({{"strategy", "llada_fixed"},
                    {"steps_total", "24"},
                    {"gen_length", "48"},
                    {"block_length", "16"}})
                .strategy,
            Strategy(FixedSteps{8}));
}

TEST(JobParamsTest, UnknownNamesAreRefusedWithTheNearestOne) {
  EXPECT_EQ(refusal({{"treshold", "0.5"}}),
            "unknown parameter 'treshold' (did you mean threshold?)");
  EXPECT_EQ(refusal({{"frobnicate", "1"}}), "unknown parameter 'frobnicate'");
  EXPECT_EQ(refusal({{"strategy", "treshold"}}),
            "unknown strategy 'treshold' (did you mean threshold?); known: threshold, credit, "
            "fixed, factor, hierarchy, hierarchy_fast_v2, hierarchy_remask, fastdllm_threshold, "
            "llada2_schedule, joint_threshold, entropy_bound, entropy_threshold, local_leap, "
            "fastdllm_fixed, llada_fixed");
  EXPECT_THAT(refusal({{std::string(1000, 'x'), "1"}}), HasSubstr("xxx...'"));
  EXPECT_THAT(refusal({{"a\nb\x1b[0m", "1"}}), HasSubstr("'a?b?[0m'"));
}

TEST(JobParamsTest, ValuesOutOfRangeAreRefusedWithTheRange) {
  EXPECT_EQ(refusal({{"gen_length", "0"}}), "gen_length is '0', but must be 1 to 1048576");
  EXPECT_EQ(refusal({{"threshold", "1.5"}}), "threshold is '1.5', but must be 0 to 1");
  EXPECT_EQ(refusal({{"early_stop", "maybe"}}), "early_stop is 'maybe', but must be true or false");
  EXPECT_EQ(refusal({{"temperature", "-0.5"}}), "temperature is '-0.5', but must be 0 to 100");
  EXPECT_EQ(refusal({{"top_p", "1.5"}}), "top_p is '1.5', but must be 0 to 1");
}

TEST(JobParamsTest, WhatIsNoNumberIsRefused) {
  for (const std::string text : {"", " 1", "1 ", "1x", "nan", "inf", "-inf", "1e999", "0x10", "+1",
                                 "--1", "99999999999999999999"}) {
    EXPECT_THAT(refusal({{"gen_length", text}}), HasSubstr("gen_length is '" + text)) << text;
    EXPECT_THAT(refusal({{"threshold", text}}), HasSubstr("threshold is '" + text)) << text;
  }
  EXPECT_EQ(refusal({{"gen_length", "1.5"}}), "gen_length is '1.5', but must be a whole number");
}

TEST(JobParamsTest, ParametersOfNoEffectAndTwicesAreRefused) {
  EXPECT_EQ(refusal({{"steps", "4"}}),
            "parameter steps has no effect with strategy threshold (only with "
            "strategy=fixed|llada2_schedule)");
  EXPECT_THAT(refusal({{"cache_update_freq", "4"}}),
              HasSubstr("only with cache=prefix|dual|vicinity"));
  EXPECT_THAT(refusal({{"unroll", "4"}}), HasSubstr("driver=blockwise"));
  EXPECT_EQ(refusal({{"eos_early_stop", "true"}, {"driver", "llada2_edit"}}),
            "parameter eos_early_stop has no effect with driver llada2_edit (only with "
            "driver=llada2_generate)");
  EXPECT_EQ(refusal({{"seed", "1"}, {"seed", "1"}}), "parameter seed is given twice");
}

TEST(JobParamsTest, NullIsTheSameAsLeavingTheNameOut) {
  EXPECT_EQ(parsed({{"cache_update_freq", "null"}}), DiffusionParams{});
  EXPECT_THAT(refusal({{"nothing", "null"}}), HasSubstr("unknown parameter"));
}

TEST(JobParamsTest, NamedValuesParseToEqualParameters) {
  std::vector<DiffusionParams> all{
      DiffusionParams{},
      parsed({{"driver", "blockwise"}, {"unroll", "8"}, {"expected_tpf", "2"}, {"mask_id", "0"}}),
      parsed({{"cache", "prefix"}, {"cache_update_freq", "3"}, {"seed", "12345678901"}}),
      parsed({{"cache", "dual"}, {"strategy", "fixed"}, {"steps", "7"}, {"early_stop", "false"}}),
      parsed({{"strategy", "hierarchy_fast_v2"}, {"credit", "true"}, {"driver", "hierarchy"}}),
      parsed({{"strategy", "fastdllm_threshold"}, {"driver", "fastdllm_original"}}),
      parsed({{"cache", "vicinity"}, {"warmup_steps", "0"}, {"driver", "fastdllm"}}),
      parsed({{"driver", "block_diffusion"}, {"unroll", "1"}}),
      parsed({{"driver", "block_diffusion_mask"}, {"cache", "none"}}),
      parsed({{"driver", "llada2_generate"}, {"eos_early_stop", "true"}}),
      parsed({{"strategy", "llada2_schedule"}, {"steps", "5"}, {"minimal_topk", "2"}}),
      parsed({{"strategy", "joint_threshold"}, {"max_post_steps", "0"}, {"driver", "llada2_edit"}}),
  };
  for (const std::string text : {"0.1", "0.7", "0.8500001", "1e-6", "1", "0"}) {
    all.push_back(parsed({{"threshold", text}}));
  }
  for (const DiffusionParams& params : all) EXPECT_EQ(parsed(named_values(params)), params);
  EXPECT_TRUE(named_values(DiffusionParams{}).empty());
}

TEST(JobParamsTest, DefaultsOfTheTableAreInTheirOwnRange) {
  for (const JobParam& param : job_param_table()) {
    if (param.default_value.empty() || !param.applies_to.values.empty()) continue;
    parsed({{std::string(param.name), std::string(param.default_value)}});
  }
}

TEST(JobParamsTest, AssignmentIsSplitAtTheFirstEqualsSign) {
  EXPECT_EQ(*parse_assignment("a=b=c"), (NamedValue{"a", "b=c"}));
  EXPECT_EQ(*parse_assignment("a="), (NamedValue{"a", ""}));
  EXPECT_FALSE(parse_assignment("a").has_value());
  EXPECT_FALSE(parse_assignment("=a").has_value());
}

TEST(JobParamsTest, HelpNamesEveryParameterWithinTheTerminal) {
  const std::string help = job_params_help();
  for (const JobParam& param : job_param_table()) {
    EXPECT_THAT(help, HasSubstr("\n  " + std::string(param.name) + " "));
    EXPECT_THAT(help, HasSubstr(std::string(param.help)));
  }
  for (std::size_t begin = 0; begin < help.size();) {
    const std::size_t end = help.find('\n', begin);
    EXPECT_LE(end - begin, 100u) << help.substr(begin, end - begin);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace unmask::diffusion
