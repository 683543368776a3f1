#pragma once

#include <unordered_set>

#include "runtime/actor/timers.h"
#include "runtime/simulation/event_queue.h"

namespace unmask {

/// One process's timers in virtual time.
class VirtualTimers final : public Timers {
 public:
  explicit VirtualTimers(EventQueue& events) : events_(events) {}
  ~VirtualTimers() override { cancel_all(); }

  TimerId after(Duration delay, std::function<void()> action) override;
  void cancel(TimerId id) override;
  void cancel_all();

 private:
  EventQueue& events_;
  std::unordered_set<TimerId> armed_;
};

}  // namespace unmask
