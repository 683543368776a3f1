#include "runtime/os/log.h"

#include <gmock/gmock.h>

#include <sstream>

namespace unmask {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(LogTest, TextLineHasTimeLevelProcessMessageAndFields) {
  std::ostringstream out;
  make_log({.process = "worker 1"}, out)
      ->info("weights loaded", {{"bytes", "1024"}, {"file", "a b.safetensors"}});
  EXPECT_THAT(out.str(),
              MatchesRegex(R"(....-..-..T..:..:......Z info \[worker 1\] weights loaded )"
                           R"(bytes=1024 file="a b.safetensors")"
                           "\n"));
}

TEST(LogTest, JsonLineIsOneObject) {
  std::ostringstream out;
  make_log({.is_json = true, .process = "gateway"}, out)->error("no \"luck\"", {{"why", "\\"}});
  EXPECT_THAT(out.str(),
              MatchesRegex(R"(\{"time":"....-..-..T..:..:......Z","level":"error",)"
                           R"("message":"no \\"luck\\"","process":"gateway","why":"\\\\"\})"
                           "\n"));
}

TEST(LogTest, LevelsBelowTheLimitAreDropped) {
  std::ostringstream out;
  const auto log = make_log({.level = LogLevel::kWarning}, out);
  log->debug("quiet");
  log->info("quiet");
  EXPECT_EQ(out.str(), "");
  log->warning("loud");
  EXPECT_THAT(out.str(), HasSubstr("warning loud"));
}

TEST(LogTest, TextOfOthersCannotLookLikeALineOfOurs) {
  std::ostringstream out;
  make_log({}, out)->info("job refused", {{"why", "x\n2024 error {} \x1b[31m fake"}});
  EXPECT_THAT(out.str(), HasSubstr(R"(why="x\n2024 error {} \u001b[31m fake")"));
  EXPECT_EQ(std::ranges::count(out.str(), '\n'), 1);
}

TEST(LogTest, LevelsAreReadByName) {
  EXPECT_EQ(*parse_log_level("warning"), LogLevel::kWarning);
  EXPECT_EQ(*parse_log_level("warn"), LogLevel::kWarning) << "as others call it";
  EXPECT_EQ(parse_log_level("loud").error().message,
            "\"loud\" is no log level: debug, info, warning or error");
}

}  // namespace
}  // namespace unmask
