#include "runtime/cli/doctor/check_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace unmask::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<Check> kSomeChecks{{"CPU", Verdict::kOk, "avx2"},
                                     {"clock", Verdict::kNote, "alone", "run chrony"},
                                     {"GPU 0", Verdict::kProblem, "sm_\x1b[2J75"}};

TEST(CheckTextTest, ALineForEachCheckAndAdviceBelowIt) {
  EXPECT_EQ(to_text({kSomeChecks.begin(), kSomeChecks.begin() + 2}, false),
            "ok       CPU    avx2\n"
            "note     clock  alone\n"
            "                -> run chrony\n"
            "2 checks: 1 note, 0 problems\n");
}

TEST(CheckTextTest, OnlyItsOwnColorsReachATerminal) {
  EXPECT_THAT(to_text(kSomeChecks, true), HasSubstr("\x1b[31mproblem  \x1b[0mGPU 0"));
  EXPECT_THAT(to_text(kSomeChecks, true), Not(HasSubstr("\x1b[2J")));
  EXPECT_THAT(to_text(kSomeChecks, false), Not(HasSubstr("\x1b")));
}

TEST(CheckTextTest, ProgramsGetTheSame) {
  const boost::json::array list = to_json(kSomeChecks);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[1].at("verdict").as_string(), "note");
  EXPECT_EQ(list[1].at("advice").as_string(), "run chrony");
  EXPECT_EQ(count_of(Verdict::kProblem, kSomeChecks), 1);
}

}  // namespace
}  // namespace unmask::cli
