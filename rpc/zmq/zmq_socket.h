/// libzmq's C interface, owned and typed: nothing else calls it.

#pragma once

#include <zmq.h>

#include <memory>
#include <optional>
#include <string>

#include "rpc/zmq/zmq_options.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace unmask::rpc {

/// So many are read of one socket before others have their turn.
inline constexpr int kFramesPerTurn = 64;

/// libzmq's threads. Ends after the sockets made in it.
class ZmqContext {
 public:
  ZmqContext();
  ~ZmqContext();
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;

  [[nodiscard]] void* get() const { return context_; }

 private:
  void* const context_;
};

/// One part of a message.
class ZmqPart {
 public:
  ZmqPart() { zmq_msg_init(&message_); }
  ~ZmqPart() { zmq_msg_close(&message_); }
  ZmqPart(const ZmqPart&) = delete;
  ZmqPart& operator=(const ZmqPart&) = delete;

  /// Not aligned, and valid as long as this.
  [[nodiscard]] ByteView bytes() const;
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] bool has_more() const { return zmq_msg_more(&message_) != 0; }
  /// The descriptor of the TCP connection that it came over, which may be closed by now. What
  /// libzmq made itself, a routing id, came over none: -1.
  [[nodiscard]] int source() const;
  /// Whom ZAP let in over it: a public key in Z85; empty without.
  [[nodiscard]] std::string user() const;
  [[nodiscard]] zmq_msg_t* get() { return &message_; }

 private:
  mutable zmq_msg_t message_;
};

struct ZmqFrame {
  Bytes bytes;       ///< aligned
  int source = -1;   ///< as ZmqPart's
  std::string user;  ///< as ZmqPart's
};

/// Never blocks. Moved-from sockets may only be destroyed.
class ZmqSocket {
 public:
  /// Errors  kUnavailable: too many open files
  static Result<ZmqSocket> open(const ZmqContext& context, int type);
  ZmqSocket(ZmqSocket&&) noexcept = default;

  void set(int option, int value);
  /// Errors  kInvalidArgument: not a key
  [[nodiscard]] Result<> set_key(int option, const std::string& z85);
  void set(int option, const std::string& value);

  /// Errors  kUnavailable with the system's words
  [[nodiscard]] Result<> bind(const std::string& endpoint);
  [[nodiscard]] Result<> connect(const std::string& endpoint);
  [[nodiscard]] std::string last_endpoint() const;

  /// False: there is no room, or nobody it could go to.
  [[nodiscard]] bool send(ByteView part, bool has_more = false);
  /// False: nothing is there.
  [[nodiscard]] bool receive(ZmqPart& part);
  /// A message, or what is left of it, as one frame; nothing if nothing is there.
  ///
  /// What has several parts is no frame: an empty one, which no link takes, stands for it.
  [[nodiscard]] std::optional<ZmqFrame> receive_frame();
  [[nodiscard]] bool has_input() const;
  /// Readable whenever has_input() may have become true, and only then.
  [[nodiscard]] int descriptor() const;

  [[nodiscard]] void* get() const { return socket_.get(); }

 private:
  struct Close {
    void operator()(void* socket) const { zmq_close(socket); }
  };
  explicit ZmqSocket(void* socket) : socket_(socket) {}

  std::unique_ptr<void, Close> socket_;
};

/// What every socket that leaves this process is set to before it is bound or connected.
void set_limits(ZmqSocket& socket, const ZmqOptions& options, const std::string& endpoint);

/// Makes `socket` one whose peers ZAP has to let in.
[[nodiscard]] Result<> set_server_keys(ZmqSocket& socket, const ZmqOptions& options);

/// Makes `socket` one that knows whom it dials. Errors: kInvalidArgument
[[nodiscard]] Result<> set_client_keys(ZmqSocket& socket, const ZmqOptions& options);

}  // namespace unmask::rpc
