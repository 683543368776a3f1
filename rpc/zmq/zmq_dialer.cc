#include "rpc/zmq/zmq_dialer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "rpc/zmq/zmq_endpoint.h"

namespace unmask::rpc {
namespace {

/// Between attempts: doubles from the first to the last, and starts again after a connection that
/// held. The last is what a restarted coordinator waits for its workers at most.
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLastPause{1000};
constexpr std::chrono::milliseconds kHeld{5000};
/// An attempt of which nothing was heard is given up: a name that does not resolve says nothing.
constexpr std::chrono::milliseconds kAttemptTime{6000};

}  // namespace

struct ZmqDialer::Connection {
  explicit Connection(ZmqSocket dealer) : socket(std::move(dealer)) {}

  ZmqSocket socket;
  std::unique_ptr<ZmqMonitor> monitor;
  std::optional<ZmqReadiness> readiness, events_readiness;
  bool is_closed = false;  // by the other end, or it never was: frames may wait
};

Result<std::unique_ptr<ZmqDialer>> ZmqDialer::dial(EventLoop& loop, const ZmqOptions& options,
                                                   const HostPort& address,
                                                   TransportEvents events) {
  std::unique_ptr<ZmqDialer> dialer(new ZmqDialer(loop, options, address, std::move(events)));
  const Result<> connecting = dialer->connect();
  if (!connecting) {
    return Error{connecting.error().code,
                 "cannot dial " + address.to_string() + ": " + connecting.error().message};
  }
  return dialer;
}

ZmqDialer::ZmqDialer(EventLoop& loop, ZmqOptions options, HostPort address, TransportEvents events)
    : loop_(loop),
      options_(std::move(options)),
      address_(std::move(address)),
      events_(std::move(events)),
      pause_(kFirstPause),
      timers_(loop) {}

ZmqDialer::~ZmqDialer() = default;

Result<> ZmqDialer::connect() {
  Result<ZmqSocket> dealer = ZmqSocket::open(context_, ZMQ_DEALER);
  if (!dealer) return dealer.error();
  const std::string endpoint = connecting_endpoint(address_);
  set_limits(*dealer, options_, endpoint);
  const Result<> has_keys = set_client_keys(*dealer, options_);
  if (!has_keys) return has_keys;
  dealer->set(ZMQ_IMMEDIATE, 1);
  dealer->set(ZMQ_RECONNECT_IVL, -1);  // this class does, with another socket
  auto connection = std::make_unique<Connection>(std::move(*dealer));
  Result<std::unique_ptr<ZmqMonitor>> monitor = ZmqMonitor::open(context_, connection->socket);
  if (!monitor) return monitor.error();
  connection->monitor = std::move(*monitor);
  connection->readiness.emplace(loop_, connection->socket, [this] { turn(); });
  connection->events_readiness.emplace(loop_, connection->monitor->events(), [this] { turn(); });
  const Result<> connected = connection->socket.connect(endpoint);
  if (!connected) return connected.error();
  connection_ = std::move(connection);
  timers_.after(kAttemptTime, [this, attempt = ++last_attempt_] {
    if (attempt != last_attempt_ || is_up_ || !connection_) return;
    fail("no answer");
    hang_up();
  });
  return {};
}

bool ZmqDialer::send(PeerId to, Bytes frame) {
  if (!is_up_ || to != last_peer_) return false;
  const bool is_sent = connection_->socket.send(frame);
  if (connection_->socket.has_input()) connection_->readiness->again();
  return is_sent;
}

void ZmqDialer::disconnect(PeerId peer, DownReason reason) {
  if (!is_up_ || peer != last_peer_) return;
  is_up_ = false;
  timers_.after(Duration::zero(), [this, peer, reason] { events_.on_down(peer, reason); });
  hang_up();
}

void ZmqDialer::turn() {
  read_events();
  for (int i = 0; i < kFramesPerTurn && connection_; ++i) {
    std::optional<ZmqFrame> frame = connection_->socket.receive_frame();
    if (!frame) {
      if (connection_->is_closed) hang_up();
      return;
    }
    if (!is_up_) read_events();
    if (is_up_) events_.on_frame(last_peer_, std::move(frame->bytes));
  }
  if (connection_) connection_->readiness->again();
}

void ZmqDialer::read_events() {
  while (connection_) {
    const std::optional<ConnectionEvent> event = connection_->monitor->next();
    if (!event) return;
    switch (event->kind) {
      case ConnectionEvent::Kind::kGreeted:
        is_up_ = true;
        up_since_ = SteadyClock().now();
        last_failure_.clear();
        events_.on_up(++last_peer_, options_.server_key);
        continue;
      case ConnectionEvent::Kind::kRefused:
        fail("it does not accept this process's key");
        break;
      case ConnectionEvent::Kind::kNotUnderstood:
        fail("what listens there does not answer as unmask does, or not with the same CURVE keys");
        break;
      case ConnectionEvent::Kind::kNoAnswer:
        fail("nothing listens there");
        break;
      default:
        break;
    }
    connection_->is_closed = true;
  }
}

void ZmqDialer::fail(const std::string& why) {
  if (std::exchange(last_failure_, why) == why || !options_.on_failure) return;
  options_.on_failure("cannot reach " + address_.to_string() + ": " + why);
}

void ZmqDialer::hang_up() {
  if (std::exchange(connection_, nullptr) == nullptr) return;
  if (up_since_ != Time() && SteadyClock().now() - up_since_ >= kHeld) pause_ = kFirstPause;
  up_since_ = {};
  timers_.after(pause_, [this] { connect_again(); });
  pause_ = std::min<Duration>(2 * pause_, kLastPause);
  if (std::exchange(is_up_, false)) events_.on_down(last_peer_, DownReason::kNoConnection);
}

/// An attempt that cannot even begin, because of too many open files, is one that failed.
void ZmqDialer::connect_again() {
  if (connect()) return;
  timers_.after(kLastPause, [this] { connect_again(); });
}

}  // namespace unmask::rpc
