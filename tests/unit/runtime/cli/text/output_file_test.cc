#include "runtime/cli/text/output_file.h"

#include <gmock/gmock.h>

#include "tests/unit/temporary_folder.h"

namespace unmask::cli {
namespace {

using testing::HasSubstr;

class OutputFileTest : public testing::Test {
 protected:
  const TemporaryFolder folder_;
};

TEST_F(OutputFileTest, AppearsOnlyWhenItIsWhole) {
  folder_.write("out", "before");
  auto file = OutputFile::create(folder_ / "out");
  file->write("after");
  EXPECT_EQ(folder_.read("out"), "before");
  EXPECT_TRUE(file->commit().has_value());
  EXPECT_EQ(folder_.read("out"), "after");
  EXPECT_EQ(folder_.num_files(), 1u);
}

TEST_F(OutputFileTest, LeavesNothingWhenItIsGivenUp) {
  { OutputFile::create(folder_ / "out")->write("half"); }
  EXPECT_EQ(folder_.num_files(), 0u);
}

TEST_F(OutputFileTest, WritesThroughALinkAndKeepsIt) {
  folder_.write("target", "before");
  std::filesystem::create_symlink(folder_ / "target", folder_ / "link");
  auto file = OutputFile::create(folder_ / "link");
  file->write("after");
  EXPECT_TRUE(file->commit().has_value());
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
  EXPECT_EQ(folder_.read("target"), "after");
}

TEST_F(OutputFileTest, ADeviceIsWrittenInPlace) {
  auto file = OutputFile::create("/dev/null");
  file->write("gone");
  EXPECT_TRUE(file->commit().has_value());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(OutputFileTest, WhatCannotBeWrittenIsNamed) {
  EXPECT_THAT(OutputFile::create(folder_ / "none/out").error().message,
              HasSubstr("none/out': No such file or directory"));
  EXPECT_THAT(OutputFile::create(folder_ / "").error().message, HasSubstr("Is a directory"));
  auto full = OutputFile::create("/dev/full");
  full->write("x");
  EXPECT_THAT(full->commit().error().message,
              HasSubstr("cannot write '/dev/full': No space left on device"));
}

}  // namespace
}  // namespace unmask::cli
