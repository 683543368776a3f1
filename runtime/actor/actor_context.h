#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "runtime/actor/actor_id.h"
#include "runtime/actor/actor_probe.h"
#include "runtime/actor/actor_registry.h"
#include "runtime/actor/actor_timers.h"
#include "runtime/actor/mailbox.h"

namespace unmask {

/// One life of one actor: its mailbox, its timers, whom it watches. Handles one message at a time.
///
/// Actors get it in their constructor and hand it to Actor, which has the same verbs, typed.
/// Control thread only, except deliver() and stop(). Outlives its actor as long as somebody has a
/// ref to it; everything sent then is a dead letter.
class ActorContext : public std::enable_shared_from_this<ActorContext> {
 public:
  /// Told once when this life ends: of itself (kClosed), or with the reason why it failed.
  using OnExit = std::function<void(DownReason reason, const std::string& error)>;
  using SealDown = std::unique_ptr<Envelope> (*)(Down);

  static constexpr std::size_t kMaxWatches = 256;

  ActorContext(std::shared_ptr<ActorRegistry> registry, ActorId id, const std::string& name,
               OnExit on_exit);

  [[nodiscard]] ActorId id() const { return id_; }
  [[nodiscard]] bool is_alive() const { return !is_dead_; }

  // For Actor.
  void limit_mailbox(MailboxLimits limits) { mailbox_.set_limits(limits); }
  bool deliver(std::unique_ptr<Envelope> message, std::size_t num_bytes);
  TimerId after(Duration delay, std::unique_ptr<Envelope> message);
  void cancel(TimerId timer) { timers_.cancel(timer); }
  bool watch(ActorId target, SealDown seal);
  void unwatch(ActorId target);

  /// Takes no message any more, handles those that wait, and ends.
  void stop();

  // For the supervisor and the registry.
  void start(std::unique_ptr<AnyActor> actor);
  void notify_down(Down down);

  /// Ends this life as soon as the running handler, if any, has returned; what waits is dropped.
  void kill();

  /// Ends this life without telling anybody: the process itself is over.
  void abandon();

 private:
  struct Watch {
    std::uint64_t number = 0;
    SealDown seal = nullptr;
  };

  void wake_if(Mailbox::Pushed pushed);
  void schedule_turn();
  void take_turn();
  std::unique_ptr<Envelope> unwrap(Mailbox::Item item);
  void handle(Envelope& message);
  void handled(Time since, const std::exception_ptr& failure);
  void finish(DownReason reason, const std::string& error);
  void let_go();

  const std::shared_ptr<ActorRegistry> registry_;
  const ActorId id_;
  ActorProbe probe_;
  OnExit on_exit_;

  Mailbox mailbox_;
  ActorTimers timers_;
  std::map<ActorId, Watch> watches_;
  std::uint64_t last_watch_ = 0;

  std::unique_ptr<AnyActor> actor_;
  boost::asio::cancellation_signal cancel_handler_;
  bool is_handling_ = false;
  bool is_killed_ = false;  // ends when the handler has returned
  bool is_dead_ = false;
};

}  // namespace unmask
