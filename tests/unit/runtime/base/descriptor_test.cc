#include "runtime/base/descriptor.h"

#include <gtest/gtest.h>

#include <array>

namespace unmask {
namespace {

TEST(DescriptorTest, ClosesOnceWhatItOwns) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  Descriptor out(ends[0]), in(ends[1]);
  Descriptor moved(std::move(in));
  ASSERT_EQ(::write(moved.get(), "x", 1), 1);
  moved = Descriptor();
  std::array<char, 2> read{};
  EXPECT_EQ(::read(out.get(), read.data(), read.size()), 1);
  EXPECT_EQ(::read(out.get(), read.data(), read.size()), 0) << "nobody can write any more";
  const int released = out.release();
  EXPECT_FALSE(out.is_open());
  EXPECT_EQ(::close(released), 0) << "it was left open";
}

}  // namespace
}  // namespace unmask
