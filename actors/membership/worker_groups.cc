#include "actors/membership/worker_groups.h"

#include <algorithm>

namespace unmask::actors {

bool WorkerGroup::is_complete() const {
  return std::ranges::all_of(slots, [](const WorkerSlot& slot) { return slot.peer.has_value(); });
}

bool WorkerGroup::has_all_addresses() const {
  return std::ranges::none_of(addresses, [](const Bytes& address) { return address.empty(); });
}

bool WorkerGroup::has_all_ready() const {
  return std::ranges::find(is_ready, false) == is_ready.end();
}

std::optional<std::string> WorkerGroup::numeric_class_without(std::int32_t rank) const {
  for (std::size_t other = 0; other < slots.size(); ++other) {
    if (std::int32_t(other) != rank && slots[other].peer) return slots[other].numeric_class;
  }
  return std::nullopt;
}

Capacity WorkerGroup::capacity() const {
  Capacity least = slots.front().capacity;
  for (const WorkerSlot& slot : slots) {
    const Capacity& one = slot.capacity;
    least.num_kv_pages = std::min(least.num_kv_pages, one.num_kv_pages);
    least.max_rows_per_step = std::min(least.max_rows_per_step, one.max_rows_per_step);
    least.max_positions = std::min(least.max_positions, one.max_positions);
    least.num_soft_rows = std::min(least.num_soft_rows, one.num_soft_rows);
    least.weight_bytes = std::max(least.weight_bytes, one.weight_bytes);
    least.kv_bytes = std::max(least.kv_bytes, one.kv_bytes);
  }
  return least;
}

void WorkerGroup::enter(State next, Time now) {
  state = next;
  since = now;
  if (next == State::kAddressing) addresses.assign(slots.size(), {});
  if (next == State::kConnecting) is_ready.assign(slots.size(), false);
}

std::optional<Error> capacity_error(const Capacity& capacity) {
  constexpr std::int64_t kMaxPages = INT32_MAX;
  constexpr std::int32_t kMaxPageSize = 1 << 20;
  if (capacity.num_kv_pages >= 0 && capacity.num_kv_pages <= kMaxPages && capacity.page_size > 0 &&
      capacity.page_size <= kMaxPageSize && capacity.max_rows_per_step > 0 &&
      capacity.max_positions > 0 && capacity.num_soft_rows >= 0) {
    return std::nullopt;
  }
  return Error{ErrorCode::kInvalidArgument,
               "this worker tells of " + std::to_string(capacity.num_kv_pages) + " KV pages of " +
                   std::to_string(capacity.page_size) + " positions, " +
                   std::to_string(capacity.max_rows_per_step) + " rows per step and canvases of " +
                   std::to_string(capacity.max_positions) + " positions, and " +
                   std::to_string(capacity.num_soft_rows) + " soft rows, which makes no sense"};
}

void WorkerSlot::declare_dead() {
  peer.reset();
  status.state = "dead";
  gone.push_back(incarnation);
  if (gone.size() > kMaxGone) gone.pop_front();
}

std::optional<Error> join_error(const WorkerSlot& slot, PeerId from, const Join& join) {
  if (std::ranges::find(slot.gone, join.incarnation) != slot.gone.end()) {
    return Error{ErrorCode::kUnavailable, "this process was declared dead and must be restarted"};
  }
  const bool is_free = !slot.peer || *slot.peer == from;
  if (is_free || join.incarnation > slot.incarnation) return std::nullopt;
  return Error{ErrorCode::kUnavailable,
               "another process has this replica and rank, and is not known to be dead"};
}

}  // namespace unmask::actors
