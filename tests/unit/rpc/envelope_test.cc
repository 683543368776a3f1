#include "rpc/envelope.h"

#include <gtest/gtest.h>

#include "rpc/crc32c.h"
#include "runtime/base/rng.h"

namespace unmask::rpc {
namespace {

Bytes bytes_of(std::string_view text) {
  const auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

TEST(Crc32cTest, KnownAnswer) { EXPECT_EQ(crc32c(bytes_of("123456789")), 0xe3069283u); }

TEST(Crc32cTest, PartsAreTheSameAsTheWhole) {
  const Bytes all = bytes_of("the quick brown fox jumps over the lazy dog");
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    EXPECT_EQ(crc32c(ByteView(all).subspan(cut), crc32c(ByteView(all).first(cut))), crc32c(all));
  }
}

TEST(EnvelopeTest, AFrameHasTheBytesThatClientsInOtherLanguagesMake) {
  Envelope64 envelope;
  envelope.type = 7;
  envelope.epoch = 5;
  envelope.node = 9;
  envelope.incarnation = 0xdeadbeef;
  envelope.seq = 3;
  envelope.ack = 2;
  envelope.deadline_us = 1000;
  envelope.credit = 250;
  std::string hex;
  for (const std::byte byte : make_frame(envelope, bytes_of("hello"))) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += {kDigits[std::uint8_t(byte) >> 4], kDigits[std::uint8_t(byte) & 15]};
  }
  // rpc/python/tests/test_envelope.py has it too.
  EXPECT_EQ(hex,
            "554e4d4b010007000000400005000000050000000000000009000000efbeadde"
            "03000000000000000200000000000000e8030000fa0000006bbd25e000000000"
            "68656c6c6f");
}

TEST(EnvelopeTest, AFrameComesBackAsItWas) {
  Envelope64 envelope;
  envelope.type = 7;
  envelope.seq = 1ULL << 40;
  envelope.ack = 99;
  envelope.credit = 12;
  const Bytes body = bytes_of("body");
  const Bytes frame = make_frame(envelope, body);
  EXPECT_EQ(frame.size(), kEnvelopeBytes + body.size());
  const Result<ParsedFrame> parsed = parse_frame(frame);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->envelope.type, 7);
  EXPECT_EQ(parsed->envelope.seq, 1ULL << 40);
  EXPECT_EQ(parsed->envelope.ack, 99u);
  EXPECT_EQ(parsed->envelope.credit, 12);
  EXPECT_EQ(Bytes(parsed->body.begin(), parsed->body.end()), body);
}

TEST(EnvelopeTest, EveryTruncationAndEveryFlippedBitIsRefused) {
  const Bytes frame = make_frame({}, bytes_of("a body"));
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(parse_frame(ByteView(frame).first(size)));
  }
  for (std::size_t bit = 0; bit < 8 * frame.size(); ++bit) {
    Bytes broken = frame;
    broken[bit / 8] ^= std::byte(1 << bit % 8);
    EXPECT_FALSE(parse_frame(broken)) << "bit " << bit;
  }
}

}  // namespace
}  // namespace unmask::rpc
