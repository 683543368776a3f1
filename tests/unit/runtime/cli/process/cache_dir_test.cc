#include "runtime/cli/process/cache_dir.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace unmask::cli {
namespace {

TEST(CacheDirTest, ASettingIsAFolderOrNone) {
  EXPECT_EQ(find_cache_dir("/var/cache/unmask"), "/var/cache/unmask");
  EXPECT_EQ(find_cache_dir("none"), "");
}

TEST(CacheDirTest, AutoIsTheUsersFolderOfCaches) {
  setenv("HOME", "/home/ada", 1);
  setenv("XDG_CACHE_HOME", "/caches", 1);
  EXPECT_EQ(find_cache_dir("auto"), "/caches/unmask");
  setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(find_cache_dir("auto"), "/home/ada/.cache/unmask");
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(find_cache_dir("auto"), "/home/ada/.cache/unmask");
}

TEST(CacheDirTest, NothingIsKeptForAUserWithoutAHome) {
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  EXPECT_EQ(find_cache_dir("auto"), "");
}

}  // namespace
}  // namespace unmask::cli
