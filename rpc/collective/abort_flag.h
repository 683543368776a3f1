#pragma once

#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <chrono>

#include "runtime/base/check.h"
#include "runtime/base/descriptor.h"

namespace unmask::rpc {

/// Ends the waiting of another thread.
class AbortFlag {
 public:
  AbortFlag() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { UNMASK_CHECK(event_.is_open()); }

  void raise() {
    is_raised_ = true;
    ::eventfd_write(event_.get(), 1);
  }
  void lower() {
    is_raised_ = false;
    eventfd_t before = 0;
    ::eventfd_read(event_.get(), &before);
  }
  [[nodiscard]] bool is_raised() const { return is_raised_; }

  /// Returns after `time`, or at once when the flag is raised.
  void nap(std::chrono::nanoseconds time) const {
    pollfd line = {event_.get(), POLLIN, 0};
    const timespec limit = {time.count() / 1'000'000'000, time.count() % 1'000'000'000};
    ::ppoll(&line, 1, &limit, nullptr);
  }

 private:
  const Descriptor event_;  // readable: it is raised
  std::atomic<bool> is_raised_ = false;
};

}  // namespace unmask::rpc
