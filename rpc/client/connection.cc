#include "rpc/client/connection.h"

#include <string>
#include <utility>

#include "rpc/zmq/zmq_dialer.h"
#include "runtime/base/null_metrics.h"
#include "runtime/base/random.h"
#include "runtime/os/asio_timers.h"

namespace unmask::rpc {
namespace {

constexpr std::string_view kScheme = "tcp://";

}  // namespace

Result<HostPort> parse_endpoint(std::string_view text) {
  const bool has_scheme = text.starts_with(kScheme);
  Result<HostPort> address = parse_host_port(has_scheme ? text.substr(kScheme.size()) : text);
  if (!address || address->port == 0 || address->host.find('/') != std::string::npos) {
    return Error{
        ErrorCode::kInvalidArgument,
        "'" + std::string(text) + "' is not an endpoint like " + std::string(kDefaultEndpoint)};
  }
  return address;
}

/// In the order in which they may refer to each other.
struct ClientConnection::World {
  World(EventLoop& loop, Client::Options options)
      : timers(loop), client({clock, timers, rng, metrics, log}, std::move(options)) {}

  SteadyClock clock;
  AsioTimers timers;
  Rng rng{random_bits()};
  NullMetrics metrics;
  NullLog log;
  Client client;
  std::unique_ptr<ZmqDialer> dialer;
};

Result<std::unique_ptr<ClientConnection>> ClientConnection::open(EventLoop& loop, Options options) {
  options.client.endpoint = std::string(kScheme) + options.gateway.to_string();
  options.client.link.hello.boot_id = random_bits();
  options.client.link.hello.incarnation = random_bits();
  auto world = std::make_unique<World>(loop, std::move(options.client));
  options.zmq.on_failure = [&client = world->client](const std::string& why) {
    client.attempt_failed(why);
  };
  Result<std::unique_ptr<ZmqDialer>> dialer =
      ZmqDialer::dial(loop, options.zmq, options.gateway, world->client.transport_events());
  if (!dialer) return dialer.error();
  world->dialer = std::move(*dialer);
  world->client.bind(*world->dialer);
  return std::unique_ptr<ClientConnection>(new ClientConnection(std::move(world)));
}

ClientConnection::ClientConnection(std::unique_ptr<World> world) : world_(std::move(world)) {}
ClientConnection::~ClientConnection() = default;

Client& ClientConnection::client() { return world_->client; }

}  // namespace unmask::rpc
