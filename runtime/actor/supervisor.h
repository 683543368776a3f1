#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "runtime/actor/actor_handle.h"
#include "runtime/actor/actor_registry.h"
#include "runtime/actor/actor_slot.h"

namespace unmask {

/// Whom a failure takes along.
enum class RestartStrategy : std::uint8_t {
  kOneForOne,   ///< nobody: the one that failed is restarted
  kOneForAll,   ///< all of the group are restarted
  kRestForOne,  ///< those spawned after it are restarted with it
  kNever,       ///< nobody, and the one that failed is not restarted: sessions
};

struct SupervisorOptions {
  RestartStrategy strategy = RestartStrategy::kOneForOne;
  std::size_t max_failures = 3;  ///< within `window`; one more ends the process
  Duration window = std::chrono::seconds(60);
  Duration min_backoff = std::chrono::milliseconds(100);  ///< doubles with every failure in window
  Duration max_backoff = std::chrono::seconds(10);
  double jitter = 0.2;  ///< each backoff is up to this share shorter or longer
};

/// Starts the actors of one group, and starts them again when they fail: by an exception that left
/// a handler or the constructor. An actor that stopped is not restarted. Control thread only.
class Supervisor : public std::enable_shared_from_this<Supervisor> {
 public:
  using OnEscalation = std::function<void(const std::string& why)>;

  Supervisor(std::shared_ptr<ActorRegistry> registry, SupervisorOptions options,
             OnEscalation on_escalation);

  /// Makes an `A(context, args...)`, now and at every restart: `args` are copied each time
  /// (std::ref for what cannot be). The first constructor's exception is the caller's.
  template <typename A, typename... Args>
  ActorHandle<A> spawn(std::string name, Args... args) {
    return ActorHandle<A>(
        add(std::move(name), [args = std::tuple(std::move(args)...)](ActorContext& context) {
          return std::apply(
              [&](const Args&... copied) -> std::unique_ptr<AnyActor> {
                return std::make_unique<A>(context, copied...);
              },
              args);
        }));
  }

  /// Stops the actors one by one, the last spawned first; each handles what waits for it.
  void stop(std::function<void()> on_stopped);

  /// Ends all without telling anybody: the process itself is over.
  void abandon();

 private:
  std::shared_ptr<ActorSlot> add(std::string name, ActorSlot::Make make);
  void start(const std::shared_ptr<ActorSlot>& slot);
  void on_exit(const std::shared_ptr<ActorSlot>& slot, DownReason reason, const std::string& error);
  void on_failure(const std::shared_ptr<ActorSlot>& slot, const std::string& error);
  /// Those that end and come back with `slot`, in their order, itself included.
  [[nodiscard]] std::vector<std::shared_ptr<ActorSlot>> taken_along(
      const std::shared_ptr<ActorSlot>& slot) const;
  void restart_after_backoff(const std::shared_ptr<ActorSlot>& slot);
  void restart(const std::shared_ptr<ActorSlot>& slot);
  void stop_last();
  [[nodiscard]] Duration backoff();
  Counter& restarts(const std::string& actor_type);

  const std::shared_ptr<ActorRegistry> registry_;
  const SupervisorOptions options_;
  const OnEscalation on_escalation_;
  std::vector<std::shared_ptr<ActorSlot>> slots_;  // in the order they were spawned
  std::deque<Time> failures_;                      // within the window
  std::function<void()> on_stopped_;               // set while stopping
  bool is_stopping_ = false;
  bool is_escalated_ = false;
};

}  // namespace unmask
