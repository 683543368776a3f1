#include "runtime/actor/actor_timers.h"

#include <utility>

namespace unmask {

TimerId ActorTimers::arm(Duration delay, std::unique_ptr<Envelope> message,
                         std::function<void(TimerId)> on_due) {
  if (armed_.size() == kMaxTimers) return 0;
  const TimerId id = ++last_id_;
  const TimerId timer = timers_.after(delay, [id, due = std::move(on_due)] { due(id); });
  armed_.emplace(id, Armed{timer, std::move(message)});
  return id;
}

void ActorTimers::cancel(TimerId id) {
  const auto node = armed_.extract(id);
  if (!node.empty()) timers_.cancel(node.mapped().timer);
}

void ActorTimers::cancel_all() {
  for (const auto& [id, armed] : std::exchange(armed_, {})) timers_.cancel(armed.timer);
}

std::unique_ptr<Envelope> ActorTimers::take(TimerId id) {
  const auto node = armed_.extract(id);
  return node.empty() ? nullptr : std::move(node.mapped().message);
}

}  // namespace unmask
