#include "rpc/zmq/zap_authenticator.h"

#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "rpc/zmq/curve_keys.h"
#include "rpc/zmq/zmq_monitor.h"
#include "runtime/actor/clock.h"

namespace unmask::rpc {
namespace {

constexpr const char* kDoor = "inproc://zeromq.zap.01";
constexpr const char* kVersion = "1.0";
/// A request: version, id, domain, address, routing id, mechanism, credentials.
constexpr std::size_t kRequestParts = 7;
constexpr std::chrono::milliseconds kTrialTime{5000};

}  // namespace

Result<std::unique_ptr<ZapAuthenticator>> ZapAuthenticator::open(const ZmqContext& context,
                                                                 const ZmqOptions& options) {
  if (options.allowed_keys.empty()) return invalid("CURVE is on, but no key may connect");
  Result<ZmqSocket> requests = ZmqSocket::open(context, ZMQ_REP);
  if (!requests) return requests.error();
  requests->set(ZMQ_LINGER, 0);
  std::unique_ptr<ZapAuthenticator> door(new ZapAuthenticator(std::move(*requests)));
  for (const std::string& key : options.allowed_keys) {
    const Result<std::string> bytes = decode_curve_key(key);
    if (!bytes) return invalid("the allowed key \"" + key + "\" is none: " + bytes.error().message);
    door->allowed_keys_.insert(*bytes);
  }
  const Result<> is_open = door->requests_.bind(kDoor);
  if (!is_open) return is_open.error();
  const Result<> is_refused = door->try_random_key(context, options);
  if (!is_refused) return is_refused.error();
  return door;
}

void ZapAuthenticator::answer() {
  ZmqPart part;
  while (requests_.receive(part)) {
    std::vector<std::string> request{std::string(part.text())};
    while (part.has_more() && requests_.receive(part)) {
      if (request.size() < kRequestParts) request.emplace_back(part.text());
    }
    request.resize(kRequestParts);
    const bool may_enter = request[0] == kVersion && is_allowed(request[5], request[6]);
    const std::vector<std::string> reply = {kVersion,
                                            request[1],
                                            may_enter ? "200" : "400",
                                            may_enter ? "" : "this key may not connect",
                                            may_enter ? encode_curve_key(request[6]) : "",
                                            ""};
    for (std::size_t i = 0; i < reply.size(); ++i) {
      // libzmq reads it, or the connection that asked is gone.
      (void)requests_.send(std::as_bytes(std::span(reply[i])), i + 1 < reply.size());
    }
  }
}

bool ZapAuthenticator::is_allowed(std::string_view mechanism, std::string_view key) const {
  return mechanism == "CURVE" && allowed_keys_.contains(key);
}

/// Without a loop: it has to be over before anything else can connect.
Result<> ZapAuthenticator::try_random_key(const ZmqContext& context, const ZmqOptions& options) {
  Result<ZmqSocket> server = ZmqSocket::open(context, ZMQ_ROUTER);
  Result<ZmqSocket> client = ZmqSocket::open(context, ZMQ_DEALER);
  if (!server) return server.error();
  if (!client) return client.error();
  server->set(ZMQ_LINGER, 0);
  client->set(ZMQ_LINGER, 0);
  client->set(ZMQ_RECONNECT_IVL, -1);
  ZmqOptions stranger;
  stranger.curve = make_curve_keys();
  stranger.server_key = options.curve->public_key;
  const Result<std::unique_ptr<ZmqMonitor>> monitor = ZmqMonitor::open(context, *client);
  if (!monitor) return monitor.error();
  for (const Result<>& step :
       {set_server_keys(*server, options), set_client_keys(*client, stranger),
        server->bind("tcp://127.0.0.1:*")}) {
    if (!step) return step;
  }
  const Result<> connected = client->connect(server->last_endpoint());
  if (!connected) return connected;

  const Time begin = SteadyClock().now();
  while (SteadyClock().now() - begin < kTrialTime) {
    std::array<zmq_pollitem_t, 2> sockets = {
        {{requests_.get(), 0, ZMQ_POLLIN, 0}, {(*monitor)->events().get(), 0, ZMQ_POLLIN, 0}}};
    zmq_poll(sockets.data(), int(sockets.size()), long(kTrialTime.count()));
    answer();
    while (const std::optional<ConnectionEvent> event = (*monitor)->next()) {
      if (event->kind == ConnectionEvent::Kind::kRefused) return {};
      if (event->kind == ConnectionEvent::Kind::kGreeted) {
        return Error{ErrorCode::kInternal, "a key that may not connect was let in"};
      }
    }
  }
  return Error{ErrorCode::kInternal, "a key that may not connect was not refused"};
}

}  // namespace unmask::rpc
