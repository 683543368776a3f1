#pragma once

#include <memory>
#include <optional>
#include <string>

#include "rpc/zmq/zap_authenticator.h"
#include "rpc/zmq/zmq_connections.h"
#include "rpc/zmq/zmq_monitor.h"
#include "rpc/zmq/zmq_options.h"
#include "rpc/zmq/zmq_readiness.h"
#include "rpc/zmq/zmq_socket.h"
#include "runtime/actor/transport.h"
#include "runtime/os/asio_timers.h"
#include "runtime/os/host_port.h"

namespace unmask::rpc {

/// Waits for peers at an address (a ROUTER). Control thread only.
///
/// A peer is up since its first frame, and down as soon as its connection is closed; who connects
/// again is another peer. Bounded are connections, the time to a first frame, the size and number
/// of frames that wait, what is received of one message, and the work of one turn. A peer that
/// names itself (ZMQ_ROUTING_ID) is refused, because it could take another's name.
class ZmqListener final : public Transport {
 public:
  /// Errors  kUnavailable, naming the address: in use, no such host or interface; kInvalidArgument:
  /// keys that are none; kInternal: a key that may not connect could
  static Result<std::unique_ptr<ZmqListener>> listen(EventLoop& loop, const ZmqOptions& options,
                                                     const HostPort& address,
                                                     TransportEvents events);
  ~ZmqListener() override;

  /// As bound: port 0 became the real one.
  [[nodiscard]] HostPort address() const { return address_; }

  [[nodiscard]] bool send(PeerId to, Bytes frame) override;
  /// What was sent before still goes out, then the connection is closed.
  void disconnect(PeerId peer, DownReason reason) override;

 private:
  ZmqListener(EventLoop& loop, std::unique_ptr<ZmqContext> context, ZmqSocket router,
              const ZmqOptions& options, TransportEvents events);
  Result<> guard(EventLoop& loop, const ZmqOptions& options);
  Result<> bind(EventLoop& loop, const HostPort& address, const std::string& endpoint);

  void turn();
  void read_events();
  void accept(int descriptor);
  [[nodiscard]] bool read_frame();
  void take(std::string_view routing_id, ZmqFrame frame);
  void look_again();
  void look_for_endless_messages();
  void hang_up(PeerId peer);
  static void cut(const ZmqConnections::Connection& connection);
  void forget(PeerId peer);

  const std::unique_ptr<ZmqContext> context_;
  const std::size_t max_frame_bytes_;
  const std::size_t max_connections_;
  const TransportEvents events_;
  ZmqSocket router_;
  bool is_looking_ = false;  // a timer runs
  HostPort address_;
  ZmqConnections connections_;
  std::unique_ptr<ZapAuthenticator> door_;  // with CURVE
  std::unique_ptr<ZmqMonitor> monitor_;
  std::optional<ZmqReadiness> router_watch_, monitor_watch_, door_watch_;
  AsioTimers timers_;
};

}  // namespace unmask::rpc
