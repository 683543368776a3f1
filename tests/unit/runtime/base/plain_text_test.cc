#include "runtime/base/plain_text.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

TEST(PlainTextTest, OneLeadingMarkIsLeftOut) {
  EXPECT_EQ(plain_text("\xef\xbb\xbfone"), "one");
  EXPECT_EQ(plain_text("\xef\xbb\xbf\xef\xbb\xbfone"), "\xef\xbb\xbfone");
  EXPECT_EQ(plain_text("one\xef\xbb\xbf"), "one\xef\xbb\xbf");
  EXPECT_EQ(plain_text("\xef\xbb"), "\xef\xbb");
  EXPECT_EQ(without_byte_order_mark("\xef\xbb\xbf{}\r\n"), "{}\r\n");
}

TEST(PlainTextTest, ALineEndsAtCarriageReturnAndNewline) {
  EXPECT_EQ(plain_text("\xef\xbb\xbfone\r\ntwo\r\n"), "one\ntwo\n");
  EXPECT_EQ(plain_text("\r\n\r\n"), "\n\n");
  EXPECT_EQ(plain_text("a\r\r\nb\rc\r"), "a\r\nb\rc\r");
  EXPECT_EQ(plain_text(""), "");
}

}  // namespace
}  // namespace unmask
