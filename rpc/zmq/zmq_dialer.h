#pragma once

#include <memory>
#include <string>

#include "rpc/zmq/zmq_monitor.h"
#include "rpc/zmq/zmq_options.h"
#include "rpc/zmq/zmq_readiness.h"
#include "rpc/zmq/zmq_socket.h"
#include "runtime/actor/transport.h"
#include "runtime/os/asio_timers.h"
#include "runtime/os/host_port.h"

namespace unmask::rpc {

/// Connects to one address, again and again (a DEALER). Control thread only.
///
/// Every connection is another peer and has its own socket, so that nothing meant for one of them
/// reaches the next. At most one peer is up at any time.
class ZmqDialer final : public Transport {
 public:
  /// `address` may hold a host name, which is looked up at each attempt.
  ///
  /// Errors  kInvalidArgument: keys that are none, an address that cannot be; kUnavailable: too
  /// many open files
  static Result<std::unique_ptr<ZmqDialer>> dial(EventLoop& loop, const ZmqOptions& options,
                                                 const HostPort& address, TransportEvents events);
  ~ZmqDialer() override;

  [[nodiscard]] bool send(PeerId to, Bytes frame) override;
  /// What was sent before still goes out; then it is dialed again.
  void disconnect(PeerId peer, DownReason reason) override;

 private:
  struct Connection;

  ZmqDialer(EventLoop& loop, ZmqOptions options, HostPort address, TransportEvents events);
  Result<> connect();
  void connect_again();
  void turn();
  void read_events();
  void fail(const std::string& why);
  void hang_up();

  EventLoop& loop_;
  const ZmqOptions options_;
  const HostPort address_;
  const TransportEvents events_;
  ZmqContext context_;
  std::unique_ptr<Connection> connection_;  // or attempt; none: a timer runs
  PeerId last_peer_ = 0;
  bool is_up_ = false;  // last_peer_ is
  Time up_since_{};     // of this connection; zero: it was not yet
  std::uint64_t last_attempt_ = 0;
  std::string last_failure_;  // since it was up
  Duration pause_;            // before the next attempt
  AsioTimers timers_;
};

}  // namespace unmask::rpc
