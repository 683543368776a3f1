#include "actors/gateway/stop_finder.h"

#include <gtest/gtest.h>

namespace unmask::actors {
namespace {

TEST(StopFinderTest, WithoutStopStringsEverythingPassesAtOnce) {
  StopFinder stop({});
  EXPECT_EQ(stop.append("abc"), "abc");
  EXPECT_EQ(stop.append(""), "");
  EXPECT_EQ(stop.finish(), "");
  EXPECT_FALSE(stop.has_stopped());
}

TEST(StopFinderTest, AStopStringCutsItselfAndAllBehindIt) {
  StopFinder stop({"END"});
  EXPECT_EQ(stop.append("abENDcd"), "ab");
  EXPECT_TRUE(stop.has_stopped());
  EXPECT_EQ(stop.append("ef"), "");
  EXPECT_EQ(stop.finish(), "");
}

TEST(StopFinderTest, AStopStringIsFoundHoweverTheTextIsCut) {
  const std::string text = "one two STOP three";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      StopFinder stop({"STOP"});
      std::string passed = stop.append(text.substr(0, first));
      passed += stop.append(text.substr(first, second - first));
      passed += stop.append(text.substr(second));
      passed += stop.finish();
      EXPECT_EQ(passed, "one two ") << first << " " << second;
    }
  }
}

TEST(StopFinderTest, OnlyWhatMayBeAStartIsHeldBackAndComesAtTheEnd) {
  StopFinder stop({"aab"});
  EXPECT_EQ(stop.append("xaaa"), "xa");
  EXPECT_EQ(stop.append("a"), "a");
  EXPECT_EQ(stop.finish(), "aa");
  EXPECT_FALSE(stop.has_stopped());
}

TEST(StopFinderTest, TheFirstOfSeveralInTheTextCounts) {
  StopFinder stop({"late", "soon"});
  EXPECT_EQ(stop.append("x soon late"), "x ");
  StopFinder longest({"longer start", "start"});
  EXPECT_EQ(longest.append("a longer st"), "a ");
  EXPECT_EQ(longest.append("art"), "");
  EXPECT_TRUE(longest.has_stopped());
}

}  // namespace
}  // namespace unmask::actors
