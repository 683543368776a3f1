#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "actors/messages.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace unmask::rpc {

/// Number of a message's type on the wire, from 1.
using MessageType = std::uint16_t;

/// What the two ends must know of a type before they look at its body; on_wire.h has each.
struct MessageTraits {
  MessageType type;
  const char* name;
  std::size_t max_bytes;   ///< of the body
  bool is_lossy = false;   ///< may be dropped instead of queued
  bool is_urgent = false;  ///< overtakes: heartbeats and what ends an epoch
};

[[nodiscard]] MessageType type_of(const actors::WireMessage& message);
/// Null if there is no such type.
[[nodiscard]] const MessageTraits* traits_of(MessageType type);
[[nodiscard]] MessageType num_message_types();

[[nodiscard]] Bytes encode(const actors::WireMessage& message);

/// Reads bytes from anybody: sizes, segments, enumerators, counts and texts are checked.
///
/// Errors  kInvalidArgument naming the type and what is wrong with it
[[nodiscard]] Result<actors::WireMessage> decode(MessageType type, ByteView body);

}  // namespace unmask::rpc
