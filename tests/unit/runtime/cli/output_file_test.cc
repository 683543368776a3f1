#include "runtime/cli/output_file.h"

#include <gmock/gmock.h>

#include "tests/unit/runtime/cli/scratch.h"

namespace unmask::cli {
namespace {

using testing::HasSubstr;

class OutputFileTest : public testing::Test {
 protected:
  Scratch scratch_;
};

TEST_F(OutputFileTest, AppearsOnlyWhenItIsWhole) {
  scratch_.write("out", "before");
  auto file = OutputFile::create(scratch_.path("out"));
  file->write("after");
  EXPECT_EQ(scratch_.read("out"), "before");
  EXPECT_TRUE(file->commit().has_value());
  EXPECT_EQ(scratch_.read("out"), "after");
  EXPECT_EQ(scratch_.num_files(), 1u);
}

TEST_F(OutputFileTest, LeavesNothingWhenItIsGivenUp) {
  { OutputFile::create(scratch_.path("out"))->write("half"); }
  EXPECT_EQ(scratch_.num_files(), 0u);
}

TEST_F(OutputFileTest, WritesThroughALinkAndKeepsIt) {
  scratch_.write("target", "before");
  std::filesystem::create_symlink(scratch_.path("target"), scratch_.path("link"));
  auto file = OutputFile::create(scratch_.path("link"));
  file->write("after");
  EXPECT_TRUE(file->commit().has_value());
  EXPECT_TRUE(std::filesystem::is_symlink(scratch_.path("link")));
  EXPECT_EQ(scratch_.read("target"), "after");
}

TEST_F(OutputFileTest, ADeviceIsWrittenInPlace) {
  auto file = OutputFile::create("/dev/null");
  file->write("gone");
  EXPECT_TRUE(file->commit().has_value());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(OutputFileTest, WhatCannotBeWrittenIsNamed) {
  EXPECT_THAT(OutputFile::create(scratch_.path("none/out")).error().message,
              HasSubstr("none/out': No such file or directory"));
  EXPECT_THAT(OutputFile::create(scratch_.path("")).error().message, HasSubstr("Is a directory"));
  auto full = OutputFile::create("/dev/full");
  full->write("x");
  EXPECT_THAT(full->commit().error().message,
              HasSubstr("cannot write '/dev/full': No space left on device"));
}

}  // namespace
}  // namespace unmask::cli
