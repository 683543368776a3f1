#include "runtime/actor/actor_registry.h"

#include "runtime/actor/actor_context.h"

namespace unmask {
namespace {

constexpr std::size_t kMaxRecentlyDead = 1024;

}  // namespace

void ActorRegistry::add(ActorContext& actor) { alive_[actor.id()].actor = &actor; }

void ActorRegistry::watch(ActorContext& watcher, ActorId target) {
  const auto it = alive_.find(target);
  if (it == alive_.end()) {
    watcher.notify_down({target, reason_of(target)});
  } else {
    it->second.watchers.push_back(watcher.id());
  }
}

void ActorRegistry::unwatch(ActorId watcher, ActorId target) {
  const auto it = alive_.find(target);
  if (it != alive_.end()) std::erase(it->second.watchers, watcher);
}

void ActorRegistry::remove(ActorId actor, DownReason reason) {
  const auto node = alive_.extract(actor);
  if (node.empty()) return;
  recently_dead_[actor] = reason;
  if (recently_dead_.size() > kMaxRecentlyDead) recently_dead_.erase(recently_dead_.begin());
  for (const ActorId& watcher : node.mapped().watchers) {
    const auto it = alive_.find(watcher);
    if (it != alive_.end()) it->second.actor->notify_down({actor, reason});
  }
}

DownReason ActorRegistry::reason_of(ActorId dead) const {
  if (dead.number == 0 || dead.number >= next_number_) return DownReason::kNeverExisted;
  const auto it = recently_dead_.find(dead);
  return it == recently_dead_.end() ? DownReason::kClosed : it->second;
}

}  // namespace unmask
