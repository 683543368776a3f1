#include "rpc/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/codec/codec.h"

namespace unmask::rpc {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// One end between a test that plays the other end and a receiver.
class LinkTest : public testing::Test {
 protected:
  static Link::Options options() {
    Link::Options options;
    options.max_held_bytes = 4096;
    return options;
  }

  void hear(std::uint64_t seq, std::uint16_t type, ByteView body) {
    link.receive(make_frame({.type = type, .seq = seq, .credit = 256}, body), now);
  }
  void hear(std::uint64_t seq, const actors::WireMessage& message) {
    hear(seq, type_of(message), encode(message));
  }
  void say_goodbye(std::string_view why) { hear(0, kByeType, std::as_bytes(std::span(why))); }
  void greet() {
    Bytes hello(24);
    hello[0] = hello[2] = std::byte(kProtocolVersion);
    hear(1, kHelloType, hello);
    acknowledge();
  }
  /// The other end has the link's own greeting.
  void acknowledge() { link.receive(make_frame({.ack = 1, .credit = 256}, {}), now); }
  /// Time passes as the owner of a link lets it.
  void wait(std::chrono::milliseconds duration) {
    for (const Time end = now + duration; link.next_tick() && *link.next_tick() <= end;) {
      now = *link.next_tick();
      link.tick(now);
    }
    now += duration;
  }
  /// A message whose body is `bytes` long or little more.
  static actors::WireMessage message(std::size_t bytes) {
    return actors::Rejected{{}, {ErrorCode::kInternal, std::string(bytes, 'x')}};
  }

  Time now{};
  bool is_reading = true;
  std::vector<actors::WireMessage> heard;
  std::vector<std::string> downs;
  DownReason down_reason = DownReason::kClosed;  ///< of the last of them
  Link link{options(),
            {[](const Bytes&) { return true; }, [](const Hello&) {},
             [this](actors::WireMessage message) {
               if (is_reading) heard.push_back(std::move(message));
               return is_reading;
             },
             [this](DownReason reason, const std::string& why) {
               downs.push_back(why);
               down_reason = reason;
             }},
            now,
            1};
};

TEST_F(LinkTest, WhoNeverGreetsCostsNothingAndIsLeft) {
  for (std::uint64_t seq = 2; seq < 102; ++seq) hear(seq, message(1000));
  EXPECT_EQ(link.held_bytes(), 0u);
  EXPECT_THAT(downs, IsEmpty());
  // It acknowledges, so that only the greeting is missing.
  acknowledge();
  wait(16s);
  EXPECT_THAT(downs, ElementsAre(HasSubstr("no greeting for 15000 ms")));
}

TEST_F(LinkTest, WhatCameBeforeTheGreetingIsTakenWhenItComesAgain) {
  hear(2, message(1));
  greet();
  EXPECT_THAT(heard, IsEmpty());
  hear(2, message(1));
  EXPECT_THAT(heard, SizeIs(1));
}

TEST_F(LinkTest, AMessageInPlaceOfTheGreetingEndsTheLink) {
  hear(1, message(1));
  EXPECT_THAT(downs, ElementsAre(HasSubstr("a message before the greeting")));
}

TEST_F(LinkTest, AGoodbyeBehindTheGreetingIsNoFaultOfThisEnd) {
  greet();
  say_goodbye("it was declared dead");
  EXPECT_THAT(downs, ElementsAre("it was declared dead"));
  EXPECT_EQ(down_reason, DownReason::kNoConnection);
}

TEST_F(LinkTest, AGoodbyeInPlaceOfTheGreetingRefusesThisEnd) {
  say_goodbye("the other end speaks protocol 9");
  EXPECT_THAT(downs, ElementsAre("the other end speaks protocol 9"));
  EXPECT_EQ(down_reason, DownReason::kProtocol);
}

TEST_F(LinkTest, WhatComesEarlyIsHeldUpToALimit) {
  greet();
  for (std::uint64_t seq = 3; seq < 100; ++seq) hear(seq, message(1000));
  EXPECT_LE(link.held_bytes(), 4096u);
  EXPECT_GT(link.held_bytes(), 2000u);
  for (std::uint64_t seq = 2; seq < 100; ++seq) hear(seq, message(1000));
  EXPECT_THAT(heard, SizeIs(98));
  EXPECT_EQ(link.held_bytes(), 0u);
  EXPECT_THAT(downs, IsEmpty());
}

TEST_F(LinkTest, WhatTheReceiverHasNoRoomForIsHeldUpToALimit) {
  greet();
  is_reading = false;
  for (std::uint64_t seq = 2; seq < 100; ++seq) hear(seq, message(1000));
  EXPECT_LE(link.held_bytes(), 2 * 4096u);
  wait(20s);
  EXPECT_THAT(downs, IsEmpty()) << "that is not the other end's fault";
}

TEST_F(LinkTest, AGapThatStaysOpenEndsTheLink) {
  greet();
  hear(3, message(1));
  wait(14s);
  EXPECT_THAT(downs, IsEmpty());
  hear(2, message(1));
  wait(20s);
  EXPECT_THAT(downs, IsEmpty());
  hear(5, message(1));
  wait(16s);
  EXPECT_THAT(downs, ElementsAre(HasSubstr("a message is missing for 15000 ms")));
}

TEST_F(LinkTest, TypeAndLengthAreLookedAtBeforeAnythingIsKept) {
  greet();
  hear(3, 999, Bytes(8));
  EXPECT_THAT(downs, ElementsAre(HasSubstr("the unknown type 999")));
}

TEST_F(LinkTest, AMessageOverTheLimitOfItsTypeEndsTheLink) {
  greet();
  hear(3, type_of(actors::Cancel{}), Bytes(8192));
  EXPECT_THAT(downs, ElementsAre(AllOf(HasSubstr("Cancel of 8192 bytes"), HasSubstr("1024"))));
}

TEST_F(LinkTest, WhatIsOverItsLimitIsNotSent) {
  greet();
  EXPECT_FALSE(link.send(message(200 << 10), now));
  EXPECT_TRUE(link.send(message(10 << 10), now));
}

}  // namespace
}  // namespace unmask::rpc
