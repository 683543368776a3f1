#include "runtime/simulation/event_queue.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"

namespace unmask {

EventQueue::EventId EventQueue::after(Duration delay, std::function<void()> action) {
  if (free_slots_.empty()) {
    free_slots_.push_back(slots_.size());
    slots_.emplace_back();
    UNMASK_CHECK(slots_.size() < std::size_t(1) << kSlotBits);
  }
  const std::size_t slot = free_slots_.back();
  free_slots_.pop_back();
  const EventId id = ++last_sequence_ << kSlotBits | slot;
  slots_[slot] = {id, std::move(action)};

  const Time now = clock_.now();
  const Time time =
      delay > Time::max() - now ? Time::max() : now + std::max(delay, Duration::zero());
  heap_.push_back({time, ties_.next(), id});
  std::push_heap(heap_.begin(), heap_.end());
  return id;
}

void EventQueue::cancel(EventId id) {
  const std::size_t slot = slot_of(id);
  if (slot >= slots_.size() || slots_[slot].id != id) return;
  // The slot stays taken until its entry leaves the heap. The action goes last: what it holds may
  // call back.
  slots_[slot].id = 0;
  const auto dropped = std::exchange(slots_[slot].action, nullptr);
}

Time EventQueue::next_time() {
  drop_cancelled();
  return heap_.empty() ? Time::max() : heap_.front().time;
}

bool EventQueue::run_next() {
  drop_cancelled();
  if (heap_.empty()) return false;
  const Entry next = heap_.front();
  clock_.advance(next.time - clock_.now());
  Slot& slot = slots_[slot_of(next.id)];
  slot.id = 0;
  const auto action = std::exchange(slot.action, nullptr);
  pop();
  ++num_run_;
  action();
  return true;
}

void EventQueue::pop() {
  free_slots_.push_back(slot_of(heap_.front().id));
  std::pop_heap(heap_.begin(), heap_.end());
  heap_.pop_back();
}

void EventQueue::drop_cancelled() {
  while (!heap_.empty() && slots_[slot_of(heap_.front().id)].id != heap_.front().id) pop();
}

}  // namespace unmask
