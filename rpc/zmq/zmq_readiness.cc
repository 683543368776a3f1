#include "rpc/zmq/zmq_readiness.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace unmask::rpc {

/// Outlives the readiness until the loop has told it the end of its wait.
struct ZmqReadiness::Wait : std::enable_shared_from_this<Wait> {
  Wait(EventLoop& loop, int fd, std::function<void()> ready)
      : descriptor(loop.context(), fd), on_ready(std::move(ready)) {}

  void wait() {
    descriptor.async_wait(descriptor.wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            if (error || self->is_over) return;
                            self->on_ready();
                            if (!self->is_over) self->wait();
                          });
  }

  void again() {
    if (std::exchange(is_posted, true)) return;
    boost::asio::post(descriptor.get_executor(), [self = shared_from_this()] {
      self->is_posted = false;
      if (!self->is_over) self->on_ready();
    });
  }

  boost::asio::posix::stream_descriptor descriptor;  // libzmq's: never closed here
  const std::function<void()> on_ready;
  bool is_posted = false;
  bool is_over = false;
};

ZmqReadiness::ZmqReadiness(EventLoop& loop, const ZmqSocket& socket, std::function<void()> on_ready)
    : wait_(std::make_shared<Wait>(loop, socket.descriptor(), std::move(on_ready))) {
  wait_->wait();
  // What arrived before is not told again.
  wait_->again();
}

ZmqReadiness::~ZmqReadiness() {
  wait_->is_over = true;
  wait_->descriptor.release();
}

void ZmqReadiness::again() { wait_->again(); }

}  // namespace unmask::rpc
