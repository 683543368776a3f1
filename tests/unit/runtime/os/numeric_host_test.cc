#include "runtime/os/numeric_host.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace unmask {
namespace {

TEST(NumericHostTest, DigitsStayAsTheyAre) {
  EXPECT_EQ(*numeric_host("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(*numeric_host("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(*numeric_host("::1"), "::1");
  EXPECT_EQ(*numeric_host("0:0::1"), "::1");
}

TEST(NumericHostTest, OfANameTheOlderKindOfAddressIsMeant) {
  EXPECT_EQ(*numeric_host("localhost"), "127.0.0.1");
}

TEST(NumericHostTest, OfAHostThatIsNoneThereIsAReason) {
  const Result<std::string> none = numeric_host("no.such.host.invalid");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(none.error().message.empty());
}

TEST(NumericHostTest, ASocketsAddressIsReadWithItsPort) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(7400);
  address.sin_addr.s_addr = htonl(0x0a000203);
  EXPECT_EQ(numeric(reinterpret_cast<const sockaddr&>(address), sizeof address),
            (HostPort{"10.0.2.3", 7400}));
}

}  // namespace
}  // namespace unmask
