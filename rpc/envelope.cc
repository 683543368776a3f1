#include "rpc/envelope.h"

#include <bit>
#include <cstring>
#include <string>

#include "rpc/crc32c.h"

namespace unmask::rpc {
namespace {

static_assert(std::endian::native == std::endian::little);

/// As it lies in memory.
struct Header {
  std::uint32_t magic;
  std::uint16_t version, type, flags, header_bytes;
  std::uint32_t body_bytes;
  std::uint64_t epoch;
  std::uint32_t node, incarnation;
  std::uint64_t seq, ack;
  std::uint32_t deadline_us;
  std::uint16_t credit, reserved;
  std::uint32_t crc, padding;
};
static_assert(sizeof(Header) == kEnvelopeBytes);

std::uint32_t checksum(Header header, ByteView body) {
  header.crc = 0;
  return crc32c(body, crc32c(std::as_bytes(std::span(&header, 1))));
}

Error malformed(const char* what) { return {ErrorCode::kInvalidArgument, what}; }

}  // namespace

Bytes make_frame(const Envelope64& envelope, ByteView body) {
  Header header{kEnvelopeMagic,
                envelope.version,
                envelope.type,
                0,
                kEnvelopeBytes,
                std::uint32_t(body.size()),
                envelope.epoch,
                envelope.node,
                envelope.incarnation,
                envelope.seq,
                envelope.ack,
                envelope.deadline_us,
                envelope.credit,
                0,
                0,
                0};
  header.crc = checksum(header, body);
  Bytes frame(kEnvelopeBytes + body.size());
  std::memcpy(frame.data(), &header, kEnvelopeBytes);
  if (!body.empty()) std::memcpy(frame.data() + kEnvelopeBytes, body.data(), body.size());
  return frame;
}

Result<ParsedFrame> parse_frame(ByteView frame) {
  if (frame.size() < kEnvelopeBytes) return malformed("a frame shorter than its header");
  Header header;
  std::memcpy(&header, frame.data(), kEnvelopeBytes);
  if (header.magic != kEnvelopeMagic) return malformed("a frame that is not unmask's");
  if (header.header_bytes != kEnvelopeBytes) return malformed("a header of another length");
  const ByteView body = frame.subspan(kEnvelopeBytes);
  if (header.body_bytes != body.size() || body.size() > kMaxBodyBytes) {
    return malformed("a body of another length than its header says");
  }
  if (header.crc != checksum(header, body)) return malformed("a frame with a wrong checksum");
  return ParsedFrame{{header.version, header.type, header.epoch, header.node, header.incarnation,
                      header.seq, header.ack, header.deadline_us, header.credit},
                     body};
}

}  // namespace unmask::rpc
