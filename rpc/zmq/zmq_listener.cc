#include "rpc/zmq/zmq_listener.h"

#include <sys/socket.h>

#include <charconv>
#include <utility>

#include "rpc/zmq/tcp_bytes.h"
#include "rpc/zmq/zmq_endpoint.h"
#include "runtime/base/check.h"

namespace unmask::rpc {
namespace {

/// Who has said nothing by then wants nothing.
constexpr std::chrono::milliseconds kFirstFrameTime{5000};
/// From disconnect() to the end of the connection: what was sent last has to go out.
constexpr std::chrono::milliseconds kGoodbyeTime{200};
/// Frames of a closed connection are read for so long, if there is never a moment of quiet.
constexpr std::chrono::milliseconds kFarewellTime{1000};
/// libzmq keeps all parts of a message until the last has come, and does not bound their number:
/// so often it is asked how much of a message has come.
constexpr std::chrono::milliseconds kLookTime{250};

}  // namespace

Result<std::unique_ptr<ZmqListener>> ZmqListener::listen(EventLoop& loop, const ZmqOptions& options,
                                                         const HostPort& address,
                                                         TransportEvents events) {
  const Result<std::string> endpoint = binding_endpoint(address);
  if (!endpoint) return endpoint.error();
  auto context = std::make_unique<ZmqContext>();
  Result<ZmqSocket> router = ZmqSocket::open(*context, ZMQ_ROUTER);
  if (!router) return router.error();
  set_limits(*router, options, *endpoint);
  router->set(ZMQ_ROUTER_MANDATORY, 1);
  std::unique_ptr<ZmqListener> listener(
      new ZmqListener(loop, std::move(context), std::move(*router), options, std::move(events)));
  const Result<> is_guarded = listener->guard(loop, options);
  if (!is_guarded) return is_guarded.error();
  const Result<> is_bound = listener->bind(loop, address, *endpoint);
  if (!is_bound) return is_bound.error();
  return listener;
}

ZmqListener::ZmqListener(EventLoop& loop, std::unique_ptr<ZmqContext> context, ZmqSocket router,
                         const ZmqOptions& options, TransportEvents events)
    : context_(std::move(context)),
      max_frame_bytes_(options.max_frame_bytes),
      max_connections_(options.max_connections),
      events_(std::move(events)),
      router_(std::move(router)),
      timers_(loop) {}

ZmqListener::~ZmqListener() = default;

Result<> ZmqListener::guard(EventLoop& loop, const ZmqOptions& options) {
  if (!options.curve) return {};
  Result<std::unique_ptr<ZapAuthenticator>> door = ZapAuthenticator::open(*context_, options);
  if (!door) return door.error();
  door_ = std::move(*door);
  door_watch_.emplace(loop, door_->requests(), [this] { door_->answer(); });
  return set_server_keys(router_, options);
}

Result<> ZmqListener::bind(EventLoop& loop, const HostPort& address, const std::string& endpoint) {
  Result<std::unique_ptr<ZmqMonitor>> monitor = ZmqMonitor::open(*context_, router_);
  if (!monitor) return monitor.error();
  monitor_ = std::move(*monitor);
  router_watch_.emplace(loop, router_, [this] { turn(); });
  monitor_watch_.emplace(loop, monitor_->events(), [this] { turn(); });
  const Result<> bound = router_.bind(endpoint);
  if (!bound) {
    return Error{bound.error().code,
                 "cannot listen at " + address.to_string() + ": " + bound.error().message};
  }
  const std::string real = router_.last_endpoint();
  address_ = address;
  const char* const port = real.data() + real.rfind(':') + 1;
  UNMASK_CHECK(std::from_chars(port, real.data() + real.size(), address_.port).ec == std::errc());
  return {};
}

bool ZmqListener::send(PeerId to, Bytes frame) {
  const ZmqConnections::Connection* const peer = connections_.find(to);
  if (peer == nullptr || peer->is_silent() || !peer->is_open || peer->is_ended) return false;
  const bool is_sent =
      router_.send(std::as_bytes(std::span(peer->routing_id)), true) && router_.send(frame);
  if (router_.has_input()) router_watch_->again();
  return is_sent;
}

void ZmqListener::disconnect(PeerId peer, DownReason reason) {
  ZmqConnections::Connection* const connection = connections_.find(peer);
  if (connection == nullptr || connection->is_silent() || connection->is_ended) return;
  connection->is_ended = true;
  timers_.after(Duration::zero(), [this, peer, reason] { events_.on_down(peer, reason); });
  timers_.after(kGoodbyeTime, [this, peer] { hang_up(peer); });
}

void ZmqListener::turn() {
  read_events();
  for (int i = 0; i < kFramesPerTurn; ++i) {
    if (read_frame()) continue;
    for (const PeerId peer : connections_.closed()) forget(peer);
    return;
  }
  router_watch_->again();
}

void ZmqListener::read_events() {
  while (const std::optional<ConnectionEvent> event = monitor_->next()) {
    if (event->kind == ConnectionEvent::Kind::kAccepted) accept(event->descriptor);
    if (event->kind != ConnectionEvent::Kind::kDisconnected) continue;
    if (const auto* const closed = connections_.close(event->descriptor)) {
      timers_.after(kFarewellTime, [this, peer = closed->peer] { forget(peer); });
    }
  }
}

void ZmqListener::accept(int descriptor) {
  ZmqConnections::Connection& connection = connections_.accept(descriptor);
  if (connections_.size() > max_connections_) {
    connection.is_ended = true;
    return cut(connection);
  }
  timers_.after(kFirstFrameTime, [this, peer = connection.peer] {
    const ZmqConnections::Connection* const late = connections_.find(peer);
    if (late != nullptr && late->is_silent()) hang_up(peer);
  });
  look_again();
}

void ZmqListener::look_again() {
  if (connections_.size() == 0 || std::exchange(is_looking_, true)) return;
  timers_.after(kLookTime, [this] { look_for_endless_messages(); });
}

/// False: nothing waits.
bool ZmqListener::read_frame() {
  ZmqPart routing_id;
  if (!router_.receive(routing_id)) return false;
  std::optional<ZmqFrame> frame = router_.receive_frame();
  if (!frame) return false;
  take(routing_id.text(), std::move(*frame));
  return true;
}

void ZmqListener::take(std::string_view routing_id, ZmqFrame frame) {
  ZmqConnections::Connection* peer = connections_.find(routing_id);
  if (peer == nullptr) {
    read_events();
    peer = connections_.identify(routing_id, frame.source);
    if (peer == nullptr) return;
    if (peer->is_ended) return hang_up(peer->peer);
    events_.on_up(peer->peer, frame.user);
  }
  peer->has_spoken = true;
  if (!peer->is_ended) events_.on_frame(peer->peer, std::move(frame.bytes));
}

/// Who has sent twice the longest frame without an end sends a message that shall never end.
void ZmqListener::look_for_endless_messages() {
  read_events();
  is_looking_ = false;
  connections_.for_each_open([this](ZmqConnections::Connection& connection) {
    const std::uint64_t num_bytes = received_bytes(connection.descriptor);
    if (std::exchange(connection.has_spoken, false)) {
      connection.num_bytes = num_bytes;
    } else if (num_bytes > connection.num_bytes + 2 * max_frame_bytes_) {
      cut(connection);
    }
  });
  look_again();
}

void ZmqListener::hang_up(PeerId peer) {
  read_events();
  const ZmqConnections::Connection* const connection = connections_.find(peer);
  if (connection != nullptr && connection->is_open) cut(*connection);
}

/// libzmq has no call for it. It closes the descriptor only after the event that read_events() has
/// not seen yet: the moment between is too short for the descriptor to become another connection's,
/// and if it did, that connection would be made anew.
void ZmqListener::cut(const ZmqConnections::Connection& connection) {
  ::shutdown(connection.descriptor, SHUT_RDWR);
}

void ZmqListener::forget(PeerId peer) {
  const ZmqConnections::Connection* const connection = connections_.find(peer);
  if (connection == nullptr) return;
  const bool was_up = !connection->is_silent() && !connection->is_ended;
  connections_.forget(peer);
  if (was_up) events_.on_down(peer, DownReason::kNoConnection);
}

}  // namespace unmask::rpc
