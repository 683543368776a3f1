#include "runtime/os/signals.h"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <utility>

namespace unmask {

struct Signals::Wait : std::enable_shared_from_this<Wait> {
  Wait(EventLoop& loop, std::function<void()> drain, std::function<void()> now)
      : signals(loop.context(), SIGTERM, SIGINT),
        on_drain(std::move(drain)),
        on_now(std::move(now)) {}

  void wait() {
    signals.async_wait([self = shared_from_this()](const boost::system::error_code& error, int) {
      if (error || self->is_over) return;
      self->wait();
      std::exchange(self->is_draining, true) ? self->on_now() : self->on_drain();
    });
  }

  boost::asio::signal_set signals;
  const std::function<void()> on_drain;
  const std::function<void()> on_now;
  bool is_draining = false;
  bool is_over = false;
};

Signals::Signals(EventLoop& loop, std::function<void()> on_drain, std::function<void()> on_now)
    : wait_(std::make_shared<Wait>(loop, std::move(on_drain), std::move(on_now))) {
  std::signal(SIGPIPE, SIG_IGN);
  wait_->wait();
}

Signals::~Signals() {
  wait_->is_over = true;
  wait_->signals.clear();
  wait_->signals.cancel();
}

}  // namespace unmask
