#include "rpc/zmq/zmq_socket.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "runtime/base/check.h"

namespace unmask::rpc {
namespace {

/// A greeting has to be over by then: silent connections cost descriptors.
constexpr std::chrono::milliseconds kHandshakeTime{2000};
constexpr std::chrono::milliseconds kConnectTime{3000};
/// What was sent last still goes out, when its socket is closed, for so long.
constexpr std::chrono::milliseconds kLinger{500};
/// Frames queued per peer. A link has at most 256 in flight, so that this is never reached by one
/// that keeps to its credit.
constexpr int kMaxQueuedToSend = 512;
/// What is not read yet stays with the sender, beyond so many: they may be of the largest.
constexpr int kMaxQueuedToRead = 16;
constexpr int kBacklog = 512;
constexpr const char* kUserId = "User-Id";  // as ZAP names it

Error system_error() { return {ErrorCode::kUnavailable, zmq_strerror(zmq_errno())}; }

}  // namespace

ZmqContext::ZmqContext() : context_(zmq_ctx_new()) { UNMASK_CHECK(context_ != nullptr); }

ZmqContext::~ZmqContext() {
  while (zmq_ctx_term(context_) != 0) UNMASK_CHECK(zmq_errno() == EINTR);
}

ByteView ZmqPart::bytes() const {
  return {static_cast<const std::byte*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
}

std::string_view ZmqPart::text() const {
  return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
}

int ZmqPart::source() const { return zmq_msg_get(&message_, ZMQ_SRCFD); }

std::string ZmqPart::user() const {
  const char* const user = zmq_msg_gets(&message_, kUserId);
  return user == nullptr ? "" : user;
}

Result<ZmqSocket> ZmqSocket::open(const ZmqContext& context, int type) {
  void* const socket = zmq_socket(context.get(), type);
  if (socket == nullptr) return system_error();
  return ZmqSocket(socket);
}

void ZmqSocket::set(int option, int value) {
  UNMASK_CHECK(zmq_setsockopt(get(), option, &value, sizeof value) == 0);
}

void ZmqSocket::set(int option, const std::string& value) {
  UNMASK_CHECK(zmq_setsockopt(get(), option, value.data(), value.size()) == 0);
}

Result<> ZmqSocket::set_key(int option, const std::string& z85) {
  if (zmq_setsockopt(get(), option, z85.c_str(), z85.size()) == 0) return {};
  return invalid("a CURVE key is 40 characters of Z85");
}

Result<> ZmqSocket::bind(const std::string& endpoint) {
  if (zmq_bind(get(), endpoint.c_str()) != 0) return system_error();
  return {};
}

Result<> ZmqSocket::connect(const std::string& endpoint) {
  if (zmq_connect(get(), endpoint.c_str()) != 0) return system_error();
  return {};
}

std::string ZmqSocket::last_endpoint() const {
  std::array<char, 256> text{};
  std::size_t size = text.size();
  UNMASK_CHECK(zmq_getsockopt(get(), ZMQ_LAST_ENDPOINT, text.data(), &size) == 0);
  return text.data();
}

bool ZmqSocket::send(ByteView part, bool has_more) {
  const int flags = ZMQ_DONTWAIT | (has_more ? ZMQ_SNDMORE : 0);
  int sent = -1;
  do {
    sent = zmq_send(get(), part.data(), part.size(), flags);
  } while (sent < 0 && zmq_errno() == EINTR);
  return sent >= 0;
}

bool ZmqSocket::receive(ZmqPart& part) {
  int received = -1;
  do {
    received = zmq_msg_recv(part.get(), get(), ZMQ_DONTWAIT);
  } while (received < 0 && zmq_errno() == EINTR);
  return received >= 0;
}

std::optional<ZmqFrame> ZmqSocket::receive_frame() {
  ZmqPart part;
  if (!receive(part)) return std::nullopt;
  ZmqFrame frame{{}, part.source(), part.user()};
  if (!part.has_more()) frame.bytes.assign(part.bytes().begin(), part.bytes().end());
  while (part.has_more() && receive(part)) {
  }
  return frame;
}

bool ZmqSocket::has_input() const {
  int events = 0;
  std::size_t size = sizeof events;
  while (zmq_getsockopt(get(), ZMQ_EVENTS, &events, &size) != 0) {
    UNMASK_CHECK(zmq_errno() == EINTR);
  }
  return (events & ZMQ_POLLIN) != 0;
}

int ZmqSocket::descriptor() const {
  int descriptor = -1;
  std::size_t size = sizeof descriptor;
  UNMASK_CHECK(zmq_getsockopt(get(), ZMQ_FD, &descriptor, &size) == 0);
  return descriptor;
}

void set_limits(ZmqSocket& socket, const ZmqOptions& options, const std::string& endpoint) {
  const auto max_bytes = std::int64_t(options.max_frame_bytes);
  UNMASK_CHECK(zmq_setsockopt(socket.get(), ZMQ_MAXMSGSIZE, &max_bytes, sizeof max_bytes) == 0);
  socket.set(ZMQ_SNDHWM, kMaxQueuedToSend);
  socket.set(ZMQ_RCVHWM, kMaxQueuedToRead);
  socket.set(ZMQ_LINGER, int(kLinger.count()));
  socket.set(ZMQ_HANDSHAKE_IVL, int(kHandshakeTime.count()));
  socket.set(ZMQ_CONNECT_TIMEOUT, int(kConnectTime.count()));
  socket.set(ZMQ_BACKLOG, kBacklog);
  // libzmq's own heartbeats cut off a peer that is healthy but behind, and lose what was sent.
  socket.set(ZMQ_HEARTBEAT_IVL, 0);
  // A machine that vanished is noticed by the link; its descriptors are freed by the kernel.
  socket.set(ZMQ_TCP_KEEPALIVE, 1);
  socket.set(ZMQ_TCP_KEEPALIVE_IDLE, 10);
  socket.set(ZMQ_TCP_KEEPALIVE_INTVL, 3);
  socket.set(ZMQ_TCP_KEEPALIVE_CNT, 3);
  socket.set(ZMQ_IPV6, endpoint.find('[') != std::string::npos ? 1 : 0);
}

Result<> set_server_keys(ZmqSocket& socket, const ZmqOptions& options) {
  socket.set(ZMQ_CURVE_SERVER, 1);
  socket.set(ZMQ_ZAP_DOMAIN, std::string("unmask"));
  return socket.set_key(ZMQ_CURVE_SECRETKEY, options.curve->secret_key);
}

Result<> set_client_keys(ZmqSocket& socket, const ZmqOptions& options) {
  if (!options.curve && options.server_key.empty()) return {};
  if (!options.curve) return invalid("the server's key is known, but this process has none");
  if (options.server_key.empty()) return invalid("this process has a key, but not the server's");
  for (const auto& [option, key] : {std::pair(ZMQ_CURVE_SERVERKEY, options.server_key),
                                    std::pair(ZMQ_CURVE_PUBLICKEY, options.curve->public_key),
                                    std::pair(ZMQ_CURVE_SECRETKEY, options.curve->secret_key)}) {
    const Result<> is_set = socket.set_key(option, key);
    if (!is_set) return is_set;
  }
  return {};
}

}  // namespace unmask::rpc
