#include "runtime/cli/process/page_opener.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kUrl = "http://127.0.0.1:8080/";

bool anything(const std::string& /*program*/) { return true; }
bool nothing(const std::string& /*program*/) { return false; }

TEST(PageOpenerTest, TheBrowserOfTheEnvironmentIsFirst) {
  EXPECT_THAT(*page_opener(kUrl, {{"BROWSER", "firefox"}, {"DISPLAY", ":0"}}, anything),
              ElementsAre("firefox", kUrl));
  EXPECT_THAT(*page_opener(kUrl, {{"BROWSER", "web --at=%s --new:other"}}, nothing),
              ElementsAre("web", std::string("--at=") + kUrl, "--new"));
}

TEST(PageOpenerTest, XdgOpenNeedsADisplay) {
  EXPECT_THAT(*page_opener(kUrl, {{"WAYLAND_DISPLAY", "wayland-0"}}, anything),
              ElementsAre("xdg-open", kUrl));
  EXPECT_THAT(page_opener(kUrl, {{"BROWSER", " "}}, anything).error().message,
              HasSubstr("no display"));
  EXPECT_THAT(page_opener(kUrl, {{"DISPLAY", ":0"}}, nothing).error().message,
              HasSubstr("no xdg-open"));
}

TEST(PageOpenerTest, SaysWhatTheOpenerDidNotDo) {
  ASSERT_EQ(setenv("BROWSER", "false", 1), 0);
  EventLoop loop;
  PageOpener opener;
  std::string said;
  opener.open(loop, kUrl, [&](const std::string& sentence) { said = sentence; });
  loop.run_until([&] { return !said.empty(); });
  unsetenv("BROWSER");
  EXPECT_EQ(said, "the page is not opened: false failed with exit code 1");
}

}  // namespace
}  // namespace unmask::cli
