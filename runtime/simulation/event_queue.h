#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "runtime/actor/timers.h"
#include "runtime/base/rng.h"
#include "runtime/simulation/virtual_clock.h"

namespace unmask {

/// What will happen in virtual time, in the order (time, random tie, sequence): the ties explore
/// interleavings, the sequence makes the order total. The same seed is the same order.
class EventQueue {
 public:
  EventQueue(VirtualClock& clock, std::uint64_t seed) : clock_(clock), ties_(seed, kTieStream) {}

  using EventId = std::uint64_t;  ///< never zero, never used twice

  EventId after(Duration delay, std::function<void()> action);
  void cancel(EventId id);

  [[nodiscard]] Time now() const { return clock_.now(); }

  /// The time of the next event; Time::max() if there is none.
  [[nodiscard]] Time next_time();

  /// Moves the clock to the next event and runs it. False if there is none.
  bool run_next();

  [[nodiscard]] std::uint64_t num_run() const { return num_run_; }

 private:
  static constexpr std::uint64_t kTieStream = 0x7469657300000000;
  static constexpr int kSlotBits = 20;

  struct Entry {
    Time time;
    std::uint64_t tie = 0;
    EventId id = 0;                             // the sequence number, then kSlotBits of the slot
    bool operator<(const Entry& other) const {  // a heap has the largest on top
      if (time != other.time) return time > other.time;
      return tie != other.tie ? tie > other.tie : id > other.id;
    }
  };
  struct Slot {
    EventId id = 0;  // zero: cancelled or run
    std::function<void()> action;
  };

  static std::size_t slot_of(EventId id) { return id & ((EventId(1) << kSlotBits) - 1); }
  void pop();
  void drop_cancelled();

  VirtualClock& clock_;
  Rng ties_;
  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> free_slots_;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t num_run_ = 0;
};

}  // namespace unmask
