#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "rpc/zmq/zmq_watch.h"

namespace unmask {

/// What happened to a TCP connection of a socket.
struct ConnectionEvent {
  enum class Kind : std::uint8_t { kAccepted, kGreeted, kDisconnected, kFailed };

  Kind kind = Kind::kFailed;
  int descriptor = -1;  ///< of kAccepted and kDisconnected
};

/// Tells what happens to the connections of `socket`, in order: what is told of a connection comes
/// before its first frame can be read. Ends before `socket`.
class ZmqMonitor {
 public:
  /// `on_ready`: next() may have something.
  static Result<std::unique_ptr<ZmqMonitor>> open(EventLoop& loop, const ZmqContext& context,
                                                  ZmqSocket& socket,
                                                  std::function<void()> on_ready);

  ~ZmqMonitor();
  ZmqMonitor(const ZmqMonitor&) = delete;
  ZmqMonitor& operator=(const ZmqMonitor&) = delete;

  /// Read until there is nothing.
  [[nodiscard]] std::optional<ConnectionEvent> next();

 private:
  ZmqMonitor(EventLoop& loop, ZmqSocket& socket, ZmqSocket events, std::function<void()> on_ready)
      : socket_(socket), events_(std::move(events)), watch_(loop, events_, std::move(on_ready)) {}

  ZmqSocket& socket_;
  ZmqSocket events_;
  ZmqWatch watch_;
};

}  // namespace unmask
