#pragma once

#include <functional>
#include <memory>

#include "rpc/zmq/zmq_socket.h"
#include "runtime/os/event_loop.h"

namespace unmask::rpc {

/// Calls `on_ready` on the control thread when `socket` may have something to read.
///
/// libzmq tells of changes only: on_ready reads until nothing is there, or asks for another turn.
/// Whoever sends on the socket asks for one as well if it has input then, because sending takes
/// notice of what arrived. May be destroyed within on_ready; never after `socket`.
class ZmqReadiness {
 public:
  ZmqReadiness(EventLoop& loop, const ZmqSocket& socket, std::function<void()> on_ready);
  ~ZmqReadiness();
  ZmqReadiness(const ZmqReadiness&) = delete;
  ZmqReadiness& operator=(const ZmqReadiness&) = delete;

  /// Calls on_ready once more, after everything else that is due now.
  void again();

 private:
  struct Wait;
  std::shared_ptr<Wait> wait_;
};

}  // namespace unmask::rpc
