#pragma once

#include <cstdint>

#include "runtime/base/bytes.h"
#include "runtime/base/ids.h"
#include "runtime/base/result.h"

namespace unmask::rpc {

inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::uint32_t kEnvelopeMagic = 0x4b4d4e55;  // "UNMK"
inline constexpr std::size_t kEnvelopeBytes = 64;
inline constexpr std::size_t kMaxBodyBytes = 4 * 1024 * 1024;

/// Types that the link itself uses; those of messages are numbered from 1 (codec.h).
inline constexpr std::uint16_t kAckType = 0;
inline constexpr std::uint16_t kHelloType = 0xffff;
inline constexpr std::uint16_t kByeType = 0xfffe;

/// The fixed header in front of every body, little-endian, checked before the body is looked at:
///
///   magic u32 | version u16 | type u16 | flags u16 | header_bytes u16 | body_bytes u32
///   epoch u64 | node u32 | incarnation u32 | seq u64 | ack u64
///   deadline_us u32 | credit u16 | 0 u16 | crc32c u32 | 0 u32
///
/// The checksum covers the header (with 0 in its place) and the body.
struct Envelope64 {
  std::uint16_t version = kProtocolVersion;
  std::uint16_t type = kAckType;
  std::uint64_t epoch = 0;        ///< 0: the message says it itself, or needs none
  std::uint32_t node = 0;         ///< of the sender, for people who read dumps
  std::uint32_t incarnation = 0;  ///< low half of the sender's
  std::uint64_t seq = 0;          ///< of this link, from 1; 0: not sequenced, may be lost
  std::uint64_t ack = 0;          ///< everything up to here has arrived
  std::uint32_t deadline_us = 0;  ///< remaining; 0: none
  std::uint16_t credit = 0;       ///< how many more frames the sender of this would take
};

[[nodiscard]] Bytes make_frame(const Envelope64& envelope, ByteView body);

struct ParsedFrame {
  Envelope64 envelope;
  ByteView body;  ///< inside the frame
};

/// Errors  kInvalidArgument: too short, not ours, lengths that lie, a wrong checksum. A version
///         that is not ours is no error here: the link answers it.
[[nodiscard]] Result<ParsedFrame> parse_frame(ByteView frame);

}  // namespace unmask::rpc
