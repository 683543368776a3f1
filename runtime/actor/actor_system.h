#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/actor/env.h"
#include "runtime/actor/supervisor.h"
#include "runtime/os/event_loop.h"

namespace unmask {

/// The actors of one process, all on its one control thread.
///
/// Actors of spawn() are restarted one for one; supervise() makes a group with its own rules.
/// A group that fails too often escalates: the process should end with kExitEscalated.
/// Control thread only. Owns its actors: none handles a message after its end.
class ActorSystem {
 public:
  /// The process's exit status then, which a process supervisor tells from a crash.
  static constexpr int kExitEscalated = 6;

  ActorSystem(EventLoop& loop, Env env, Supervisor::OnEscalation on_escalation);
  ~ActorSystem();
  ActorSystem(const ActorSystem&) = delete;
  ActorSystem& operator=(const ActorSystem&) = delete;

  template <typename A, typename... Args>
  ActorHandle<A> spawn(std::string name, Args... args) {
    return groups_.front()->spawn<A>(std::move(name), std::move(args)...);
  }

  Supervisor& supervise(SupervisorOptions options);

  /// Stops every actor, the last spawned first; each handles what waits for it. Nobody is
  /// restarted.
  void stop(std::function<void()> on_stopped);

 private:
  void stop_groups(std::size_t num_left, std::function<void()> on_stopped);

  EventLoop& loop_;
  const Supervisor::OnEscalation on_escalation_;
  const std::shared_ptr<ActorRegistry> registry_;
  std::vector<std::shared_ptr<Supervisor>> groups_;
};

}  // namespace unmask
