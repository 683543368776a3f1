#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "runtime/actor/actor_id.h"
#include "runtime/actor/dead_letters.h"
#include "runtime/actor/env.h"
#include "runtime/actor/task.h"

namespace unmask {

class ActorContext;

/// Who lives in this process, and who wants to know when somebody does not any more.
///
/// Control thread only, except dead_letters and executor.
class ActorRegistry {
 public:
  ActorRegistry(Executor loop, Env world)
      : executor(std::move(loop)), env(world), dead_letters(world.metrics) {}

  /// Of an actor that has never lived before.
  std::uint64_t new_number() { return next_number_++; }

  void add(ActorContext& actor);

  /// `watcher` will be told once that `target` is gone; at once if it is gone already.
  void watch(ActorContext& watcher, ActorId target);
  void unwatch(ActorId watcher, ActorId target);

  /// Tells who watches it.
  void remove(ActorId actor, DownReason reason);

  const Executor executor;
  const Env env;
  DeadLetters dead_letters;

 private:
  struct Life {
    ActorContext* actor = nullptr;
    std::vector<ActorId> watchers;
  };

  [[nodiscard]] DownReason reason_of(ActorId dead) const;

  std::map<ActorId, Life> alive_;
  std::map<ActorId, DownReason> recently_dead_;  // bounded
  std::uint64_t next_number_ = 1;
};

}  // namespace unmask
