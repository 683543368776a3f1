#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "rpc/zmq/zmq_socket.h"

namespace unmask::rpc {

/// What happened to a TCP connection of a socket, or to the attempt to make one.
struct ConnectionEvent {
  enum class Kind : std::uint8_t {
    kAccepted,
    kGreeted,        ///< both ends speak ZeroMQ, and with CURVE trust each other
    kRefused,        ///< the other end does not trust this one's key
    kNotUnderstood,  ///< no greeting, or not one that was expected
    kNoAnswer,       ///< nobody listens there
    kDisconnected    ///< follows kAccepted, kGreeted, kRefused and kNotUnderstood
  };

  Kind kind = Kind::kDisconnected;
  int descriptor = -1;  ///< of kAccepted and kDisconnected
};

/// Tells what happens to the connections of `socket`, in order: what is told of a connection comes
/// before its first frame can be read. Ends before `socket`.
class ZmqMonitor {
 public:
  static Result<std::unique_ptr<ZmqMonitor>> open(const ZmqContext& context, ZmqSocket& socket);
  ~ZmqMonitor();
  ZmqMonitor(const ZmqMonitor&) = delete;
  ZmqMonitor& operator=(const ZmqMonitor&) = delete;

  /// Read until there is nothing.
  [[nodiscard]] std::optional<ConnectionEvent> next();
  /// Has input when next() has something.
  [[nodiscard]] const ZmqSocket& events() const { return events_; }

 private:
  ZmqMonitor(ZmqSocket& socket, ZmqSocket events) : socket_(socket), events_(std::move(events)) {}

  ZmqSocket& socket_;
  ZmqSocket events_;
};

}  // namespace unmask::rpc
