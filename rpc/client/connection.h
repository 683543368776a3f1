#pragma once

#include <memory>
#include <string_view>

#include "rpc/client/client.h"
#include "rpc/zmq/zmq_options.h"
#include "runtime/os/event_loop.h"
#include "runtime/os/host_port.h"

namespace unmask::rpc {

/// Where the gateway of a cluster listens unless its file says otherwise.
inline constexpr std::string_view kDefaultEndpoint = "tcp://127.0.0.1:7400";

/// Reads `tcp://host:port` or `host:port`. Errors: kInvalidArgument, quoting the text.
Result<HostPort> parse_endpoint(std::string_view text);

/// A client and what it needs on a real machine: a clock, timers, sockets.
///
///   EventLoop loop;
///   auto connection = ClientConnection::open(loop, {.gateway = *parse_endpoint("host:7400")});
///   (void)(*connection)->client().submit(job, {.on_block = print, .on_end = stop_the_loop});
///   loop.run();
///
/// Everything happens on the thread that runs `loop`, which outlives this.
class ClientConnection {
 public:
  struct Options {
    HostPort gateway{"127.0.0.1", 7400};
    ZmqOptions zmq{};          ///< keys, if the gateway wants them
    Client::Options client{};  ///< its endpoint and greeting are set here
  };

  /// Does not wait: what is asked before the connection is up waits for it, and ends with
  /// kUnavailable if nobody answers in time.
  /// Errors  kInvalidArgument: keys that are none; kUnavailable: too many open files
  static Result<std::unique_ptr<ClientConnection>> open(EventLoop& loop, Options options);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  [[nodiscard]] Client& client();

 private:
  struct World;
  explicit ClientConnection(std::unique_ptr<World> world);

  const std::unique_ptr<World> world_;
};

}  // namespace unmask::rpc
