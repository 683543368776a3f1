#include "runtime/actor/supervisor.h"

#include <algorithm>
#include <cmath>

namespace unmask {

Supervisor::Supervisor(std::shared_ptr<ActorRegistry> registry, SupervisorOptions options,
                       OnEscalation on_escalation)
    : registry_(std::move(registry)), options_(options), on_escalation_(std::move(on_escalation)) {}

std::shared_ptr<ActorSlot> Supervisor::add(std::string name, ActorSlot::Make make) {
  auto slot =
      std::make_shared<ActorSlot>(std::move(name), registry_->new_number(), std::move(make));
  start(slot);
  slots_.push_back(slot);
  (void)restarts(slot->name);  // a zero is shown before the first
  return slot;
}

Counter& Supervisor::restarts(const std::string& actor_type) {
  return registry_->env.metrics.counter("unmask_actor_restarts_total",
                                        "Lives of an actor after its first.",
                                        {{"actor_type", actor_type}});
}

void Supervisor::start(const std::shared_ptr<ActorSlot>& slot) {
  const auto tell = [self = weak_from_this(), weak_slot = std::weak_ptr(slot)](
                        DownReason reason, const std::string& error) {
    const auto supervisor = self.lock();
    const auto ended = weak_slot.lock();
    if (supervisor && ended) supervisor->on_exit(ended, reason, error);
  };
  const auto context = std::make_shared<ActorContext>(
      registry_, ActorId{slot->number, ++slot->incarnation}, slot->name, tell);
  try {
    context->start(slot->make(*context));
  } catch (...) {
    context->abandon();
    throw;
  }
  slot->set_current(context);
}

void Supervisor::on_exit(const std::shared_ptr<ActorSlot>& slot, DownReason reason,
                         const std::string& error) {
  const bool is_failure = reason != DownReason::kClosed && !error.empty();
  if (is_failure) registry_->env.log.error("actor failed", {{"actor", slot->name}, {"why", error}});
  if (is_stopping_) return stop_last();

  if (reason == DownReason::kClosed || options_.strategy == RestartStrategy::kNever) {
    std::erase(slots_, slot);
  } else if (is_failure) {
    on_failure(slot, error);
  }
}

void Supervisor::on_failure(const std::shared_ptr<ActorSlot>& slot, const std::string& error) {
  if (is_escalated_) return;
  const Time now = registry_->env.clock.now();
  failures_.push_back(now);
  while (now - failures_.front() > options_.window) failures_.pop_front();
  if (failures_.size() > options_.max_failures) {
    is_escalated_ = true;
    return on_escalation_("actor " + slot->name + " failed " + std::to_string(failures_.size()) +
                          " times, at last: " + error);
  }

  const auto victims = taken_along(slot);
  for (auto victim = victims.rbegin(); victim != victims.rend(); ++victim) {
    registry_->env.timers.cancel(std::exchange((*victim)->restart, 0));  // comes back with `slot`
    (*victim)->current()->kill();
  }
  restart_after_backoff(slot);
}

std::vector<std::shared_ptr<ActorSlot>> Supervisor::taken_along(
    const std::shared_ptr<ActorSlot>& slot) const {
  switch (options_.strategy) {
    case RestartStrategy::kOneForAll:
      return slots_;
    case RestartStrategy::kRestForOne:
      return {std::ranges::find(slots_, slot), slots_.end()};
    default:
      return {};
  }
}

void Supervisor::restart_after_backoff(const std::shared_ptr<ActorSlot>& slot) {
  Timers& timers = registry_->env.timers;
  timers.cancel(slot->restart);
  slot->restart = timers.after(backoff(), [self = weak_from_this(), slot] {
    slot->restart = 0;
    if (const auto supervisor = self.lock()) supervisor->restart(slot);
  });
}

void Supervisor::restart(const std::shared_ptr<ActorSlot>& slot) {
  std::vector<std::shared_ptr<ActorSlot>> down = taken_along(slot);
  if (down.empty()) down = {slot};
  // The first comes back when the last has let go: a handler that waits may still be at it.
  const auto is_alive = [](const auto& other) { return other->current()->is_alive(); };
  if (std::ranges::any_of(down, is_alive)) return restart_after_backoff(slot);

  for (const auto& next : down) {
    if (!next->is_wanted) continue;
    restarts(next->name).add();
    try {
      start(next);
    } catch (const std::exception& error) {
      return on_failure(next, error.what());
    }
  }
}

Duration Supervisor::backoff() {
  const double doubled = std::ldexp(1.0, int(std::max<std::size_t>(failures_.size(), 1)) - 1);
  const Duration::rep limit = options_.max_backoff.count();
  const double length = std::min(double(options_.min_backoff.count()) * doubled, double(limit));
  const double jitter = 1 + options_.jitter * (2 * registry_->env.rng.uniform() - 1);
  return Duration(Duration::rep(length * jitter));
}

void Supervisor::stop(std::function<void()> on_stopped) {
  is_stopping_ = true;
  on_stopped_ = std::move(on_stopped);
  stop_last();
}

void Supervisor::stop_last() {
  while (!slots_.empty()) {
    const std::shared_ptr<ActorSlot> slot = slots_.back();
    registry_->env.timers.cancel(slot->restart);
    slot->is_wanted = false;
    if (slot->current()->is_alive()) return slot->current()->stop();
    slots_.pop_back();
  }
  if (on_stopped_) std::exchange(on_stopped_, nullptr)();
}

void Supervisor::abandon() {
  for (auto slot = slots_.rbegin(); slot != slots_.rend(); ++slot) {
    registry_->env.timers.cancel((*slot)->restart);
    (*slot)->current()->abandon();
  }
  slots_.clear();
}

}  // namespace unmask
