/// The seam between a process and the network.

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/ids.h"

namespace unmask {

enum class DownReason : std::uint8_t { kClosed, kCrashed, kNoConnection, kProtocol, kNeverExisted };

/// What a transport tells; called on the control thread.
struct TransportEvents {
  /// key: the public key that the other end has proved to have; empty if it need not.
  std::function<void(PeerId, const std::string& key)> on_up;
  std::function<void(PeerId, Bytes frame)> on_frame;
  std::function<void(PeerId, DownReason)> on_down;  ///< exactly once per peer that was up
};

/// Moves opaque frames between processes: at most once, in order per peer while it is up.
///
/// Invariant  after on_down(peer) nothing more comes from it and send() to it is false.
/// ZeroMQ implements it in rpc/, a simulated network in runtime/simulation/.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Queues `frame`; never blocks. False if the peer is unknown or down, or its queue is full.
  [[nodiscard]] virtual bool send(PeerId to, Bytes frame) = 0;

  /// Forgets the peer; on_down(peer, reason) follows.
  virtual void disconnect(PeerId peer, DownReason reason) = 0;
};

}  // namespace unmask
