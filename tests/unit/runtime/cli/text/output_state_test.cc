#include "runtime/cli/text/output_state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace unmask::cli {
namespace {

/// What becomes of a line that is written to `file`.
OutputState after_writing(std::FILE* file) {
  std::fputs("a line\n", file);
  (void)std::fflush(file);
  const OutputState state = output_state(file);
  std::fclose(file);
  return state;
}

TEST(OutputStateTest, AFullDiskIsAFailure) {
  EXPECT_EQ(after_writing(std::fopen("/dev/full", "w")), OutputState::kFailed);
}

TEST(OutputStateTest, AReaderThatLeftIsNone) {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(after_writing(fdopen(ends[1], "w")), OutputState::kUnread);
}

TEST(OutputStateTest, WhatIsWrittenIsGood) {
  EXPECT_EQ(after_writing(std::tmpfile()), OutputState::kGood);
}

}  // namespace
}  // namespace unmask::cli
