#include "runtime/os/process_figures.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <vector>

#include "runtime/base/descriptor.h"

namespace unmask {
namespace {

TEST(ProcessFiguresTest, AnOpenFileIsOneMore) {
  const ProcessFigures before = process_figures();
  const Descriptor file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(file.is_open());
  EXPECT_EQ(process_figures().open_fds, before.open_fds + 1);
  EXPECT_GT(before.max_fds, before.open_fds);
}

TEST(ProcessFiguresTest, MemoryThatIsTouchedIsResident) {
  const ProcessFigures before = process_figures();
  EXPECT_GT(before.resident_bytes, 0);
  EXPECT_GE(before.virtual_bytes, before.resident_bytes);
  const std::vector<char> memory(64 << 20, 'x');
  EXPECT_GT(process_figures().resident_bytes, before.resident_bytes + (32 << 20));
  EXPECT_EQ(memory.back(), 'x');
}

TEST(ProcessFiguresTest, WorkTakesTime) {
  const double before = process_figures().cpu_seconds;
  while (process_figures().cpu_seconds <= before) {
  }
}

}  // namespace
}  // namespace unmask
