#include "runtime/actor/actor_system.h"

namespace unmask {

ActorSystem::ActorSystem(EventLoop& loop, Env env, Supervisor::OnEscalation on_escalation)
    : loop_(loop),
      // Posted, so that it may end the process's actors: none of them is running then.
      on_escalation_([&loop, tell = std::move(on_escalation)](const std::string& why) {
        loop.post([tell, why] { tell(why); });
      }),
      registry_(std::make_shared<ActorRegistry>(loop.executor(), env)) {
  supervise({});
}

ActorSystem::~ActorSystem() {
  for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) (*group)->abandon();
}

Supervisor& ActorSystem::supervise(SupervisorOptions options) {
  groups_.push_back(std::make_shared<Supervisor>(registry_, options, on_escalation_));
  return *groups_.back();
}

void ActorSystem::stop(std::function<void()> on_stopped) {
  stop_groups(groups_.size(), std::move(on_stopped));
}

void ActorSystem::stop_groups(std::size_t num_left, std::function<void()> on_stopped) {
  if (num_left == 0) return loop_.post(std::move(on_stopped));
  groups_[num_left - 1]->stop(
      [this, num_left, done = std::move(on_stopped)] { stop_groups(num_left - 1, done); });
}

}  // namespace unmask
