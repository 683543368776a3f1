#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "runtime/actor/task.h"

namespace boost::asio {
class io_context;
}

namespace unmask {

/// The control thread's work: everything that actors do happens inside run() or poll().
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Production: works on the calling thread until stop().
  void run();

  /// Works until `is_done`, which is asked after every piece of work, or stop().
  void run_until(const std::function<bool()>& is_done);

  /// Ends run() and run_until(); any thread.
  void stop();

  /// Simulation and tests: works until nothing is ready, without waiting.
  void poll();

  /// Runs `action` on the control thread; any thread.
  void post(std::function<void()> action);

  /// For what waits on sockets and files.
  [[nodiscard]] boost::asio::io_context& context() { return *context_; }
  [[nodiscard]] Executor executor() const;

 private:
  std::unique_ptr<boost::asio::io_context> context_;
};

}  // namespace unmask
