#include "runtime/os/try_listen.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/base/descriptor.h"
#include "runtime/os/numeric_host.h"

namespace unmask {
namespace {

TEST(TryListenTest, AnyFreePortOfLoopbackCanBeListenedOn) {
  EXPECT_TRUE(try_listen({"127.0.0.1", 0}));
  EXPECT_TRUE(try_listen({"localhost", 0}));
}

TEST(TryListenTest, APortThatSomebodyHasIsTaken) {
  const Descriptor taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(taken.get(), any, bytes), 0);
  ASSERT_EQ(::listen(taken.get(), 1), 0);
  ASSERT_EQ(::getsockname(taken.get(), any, &bytes), 0);
  const Result<> listened = try_listen(numeric(*any, bytes));
  ASSERT_FALSE(listened);
  EXPECT_EQ(listened.error().code, ErrorCode::kUnavailable);
}

TEST(TryListenTest, AnotherMachinesAddressIsNotFound) {
  const Result<> listened = try_listen({"192.0.2.1", 0});  // of documents: nobody has it
  ASSERT_FALSE(listened);
  EXPECT_EQ(listened.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace unmask
