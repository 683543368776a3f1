#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/actor/actor_context.h"
#include "runtime/actor/envelope.h"

namespace unmask {

/// A place for one actor: what it is called, how it is made, and its present life. It stays when
/// the actor is restarted.
struct ActorSlot {
  using Make = std::function<std::unique_ptr<AnyActor>(ActorContext&)>;

  ActorSlot(std::string actor_name, std::uint64_t actor_number, Make make_actor)
      : name(std::move(actor_name)), number(actor_number), make(std::move(make_actor)) {}

  /// The present life, or the last one; any thread.
  [[nodiscard]] std::shared_ptr<ActorContext> current() const {
    const std::scoped_lock lock(mutex);
    return life;
  }
  void set_current(std::shared_ptr<ActorContext> context) {
    const std::scoped_lock lock(mutex);
    life.swap(context);
  }

  const std::string name;
  const std::uint64_t number;
  const Make make;
  Incarnation incarnation = 0;  // of the present life
  bool is_wanted = true;        // false once it has been stopped: nobody restarts it
  TimerId restart = 0;          // armed while it waits for its next life

  mutable std::mutex mutex;
  std::shared_ptr<ActorContext> life;  // guarded by mutex
};

}  // namespace unmask
