#include "rpc/zmq/zmq_monitor.h"

#include <cstring>
#include <string>
#include <utility>

#include "runtime/base/check.h"

namespace unmask::rpc {
namespace {

constexpr int kWanted = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                        ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_CLOSED |
                        ZMQ_EVENT_DISCONNECTED;

ConnectionEvent::Kind kind_of(int event) {
  switch (event) {
    case ZMQ_EVENT_ACCEPTED:
      return ConnectionEvent::Kind::kAccepted;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      return ConnectionEvent::Kind::kGreeted;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      return ConnectionEvent::Kind::kRefused;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      return ConnectionEvent::Kind::kNotUnderstood;
    case ZMQ_EVENT_CLOSED:
      return ConnectionEvent::Kind::kNoAnswer;
    default:
      return ConnectionEvent::Kind::kDisconnected;
  }
}

}  // namespace

Result<std::unique_ptr<ZmqMonitor>> ZmqMonitor::open(const ZmqContext& context, ZmqSocket& socket) {
  Result<ZmqSocket> events = ZmqSocket::open(context, ZMQ_PAIR);
  if (!events) return events.error();
  // Without a limit, because at a limit libzmq's thread would wait for us. What comes is bounded
  // by how fast connections can be made.
  events->set(ZMQ_RCVHWM, 0);
  events->set(ZMQ_LINGER, 0);
  const std::string name = "inproc://monitor/" + std::to_string(socket.descriptor());
  if (zmq_socket_monitor(socket.get(), name.c_str(), kWanted) != 0) {
    return Error{ErrorCode::kUnavailable, zmq_strerror(zmq_errno())};
  }
  const Result<> connected = events->connect(name);
  if (!connected) return connected.error();
  return std::unique_ptr<ZmqMonitor>(new ZmqMonitor(socket, std::move(*events)));
}

/// First of all libzmq's thread must not send events any more: without a receiver it would wait.
ZmqMonitor::~ZmqMonitor() { zmq_socket_monitor(socket_.get(), nullptr, 0); }

std::optional<ConnectionEvent> ZmqMonitor::next() {
  ZmqPart event;
  if (!events_.receive(event)) return std::nullopt;
  std::uint16_t number = 0;
  std::int32_t value = 0;
  UNMASK_CHECK(event.bytes().size() == sizeof number + sizeof value);
  std::memcpy(&number, event.bytes().data(), sizeof number);
  std::memcpy(&value, event.bytes().data() + sizeof number, sizeof value);
  ZmqPart address;
  UNMASK_CHECK(event.has_more() && events_.receive(address));
  return ConnectionEvent{kind_of(number), value};
}

}  // namespace unmask::rpc
