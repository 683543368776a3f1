#pragma once

#include <functional>
#include <memory>

#include "runtime/os/event_loop.h"

namespace unmask {

/// SIGTERM and SIGINT: the first asks for a graceful end, every further one for an end now.
///
/// Also turns SIGPIPE off: who writes to a closed pipe or socket gets an error. One per process.
class Signals {
 public:
  /// Both are called on the control thread.
  Signals(EventLoop& loop, std::function<void()> on_drain, std::function<void()> on_now);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  struct Wait;
  std::shared_ptr<Wait> wait_;
};

}  // namespace unmask
