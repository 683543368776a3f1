#include "runtime/os/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace unmask {

EventLoop::EventLoop() : context_(std::make_unique<boost::asio::io_context>(1)) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
  const auto busy = boost::asio::make_work_guard(*context_);
  context_->run();
}

void EventLoop::run_until(const std::function<bool()>& is_done) {
  const auto busy = boost::asio::make_work_guard(*context_);
  while (!context_->stopped() && !is_done()) context_->run_one();
}

void EventLoop::stop() { context_->stop(); }

void EventLoop::poll() {
  context_->restart();
  context_->poll();
}

void EventLoop::post(std::function<void()> action) {
  boost::asio::post(*context_, std::move(action));
}

Executor EventLoop::executor() const { return context_->get_executor(); }

}  // namespace unmask
