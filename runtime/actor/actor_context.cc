#include "runtime/actor/actor_context.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace unmask {
namespace {

std::string describe(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return *error.what() == '\0' ? "an exception that says nothing" : error.what();
  } catch (...) {
    return "something that is no std::exception was thrown";
  }
}

}  // namespace

ActorContext::ActorContext(std::shared_ptr<ActorRegistry> registry, ActorId id,
                           const std::string& name, OnExit on_exit)
    : registry_(std::move(registry)),
      id_(id),
      probe_(registry_->env.metrics, name),
      on_exit_(std::move(on_exit)),
      timers_(registry_->env.timers) {
  registry_->add(*this);
}

void ActorContext::start(std::unique_ptr<AnyActor> actor) { actor_ = std::move(actor); }

bool ActorContext::deliver(std::unique_ptr<Envelope> message, std::size_t num_bytes) {
  const Mailbox::Pushed pushed = mailbox_.push(Mailbox::UserMessage{std::move(message), num_bytes});
  if (pushed == Mailbox::Pushed::kFull || pushed == Mailbox::Pushed::kClosed) {
    registry_->dead_letters.count(pushed == Mailbox::Pushed::kFull ? DeadLetterReason::kFull
                                                                   : DeadLetterReason::kClosed);
    return false;
  }
  probe_.waiting(mailbox_.num_waiting());  // here too: who hangs takes no message any more
  wake_if(pushed);
  return true;
}

TimerId ActorContext::after(Duration delay, std::unique_ptr<Envelope> message) {
  if (is_dead_) return 0;
  const TimerId id = timers_.arm(delay, std::move(message), [self = weak_from_this()](TimerId due) {
    if (const auto context = self.lock())
      context->wake_if(context->mailbox_.push(Mailbox::DueTimer{due}));
  });
  if (id == 0) registry_->dead_letters.count(DeadLetterReason::kTimers);
  return id;
}

bool ActorContext::watch(ActorId target, SealDown seal) {
  if (watches_.contains(target)) return true;
  if (watches_.size() == kMaxWatches) return false;
  watches_[target] = {++last_watch_, seal};
  registry_->watch(*this, target);
  return true;
}

void ActorContext::unwatch(ActorId target) {
  if (watches_.erase(target) > 0) registry_->unwatch(id_, target);
}

void ActorContext::notify_down(Down down) {
  const auto it = watches_.find(down.actor);
  if (it != watches_.end()) wake_if(mailbox_.push(Mailbox::DownNotice{it->second.number, down}));
}

void ActorContext::stop() { wake_if(mailbox_.stop()); }

void ActorContext::kill() {
  if (is_dead_) return;
  if (!is_handling_) return finish(DownReason::kCrashed, "");
  is_killed_ = true;
  cancel_handler_.emit(boost::asio::cancellation_type::terminal);
}

void ActorContext::abandon() {
  if (is_dead_) return;
  on_exit_ = nullptr;
  let_go();
  registry_->remove(id_, DownReason::kCrashed);
}

void ActorContext::wake_if(Mailbox::Pushed pushed) {
  if (pushed == Mailbox::Pushed::kWake) schedule_turn();
}

void ActorContext::schedule_turn() {
  boost::asio::post(registry_->executor, [self = shared_from_this()] { self->take_turn(); });
}

void ActorContext::take_turn() {
  if (is_dead_) return;
  std::unique_ptr<Envelope> message;
  while (!message) {
    std::optional<Mailbox::Item> item = mailbox_.pop();
    if (!item) break;
    if (std::holds_alternative<Mailbox::Stop>(*item)) return finish(DownReason::kClosed, "");
    message = unwrap(std::move(*item));
  }
  if (message) return handle(*message);
  if (!mailbox_.park()) schedule_turn();
}

std::unique_ptr<Envelope> ActorContext::unwrap(Mailbox::Item item) {
  if (auto* message = std::get_if<Mailbox::UserMessage>(&item)) return std::move(message->envelope);
  if (const auto* due = std::get_if<Mailbox::DueTimer>(&item)) return timers_.take(due->timer);

  const auto& notice = std::get<Mailbox::DownNotice>(item);
  const auto it = watches_.find(notice.down.actor);
  if (it == watches_.end() || it->second.number != notice.watch) return nullptr;  // unwatched since
  const SealDown seal = it->second.seal;
  watches_.erase(it);
  return seal(notice.down);
}

void ActorContext::handle(Envelope& message) {
  const Time since = registry_->env.clock.now();
  probe_.waiting(mailbox_.num_waiting());
  is_handling_ = true;
  std::optional<Task<>> rest;
  try {
    rest = message.open(*actor_);
  } catch (...) {
    return handled(since, std::current_exception());
  }
  if (!rest) return handled(since, nullptr);

  auto on_end = [self = shared_from_this(), since](const std::exception_ptr& failure) {
    self->handled(since, failure);
  };
  boost::asio::co_spawn(
      registry_->executor, std::move(*rest),
      boost::asio::bind_cancellation_slot(cancel_handler_.slot(), std::move(on_end)));
}

void ActorContext::handled(Time since, const std::exception_ptr& failure) {
  is_handling_ = false;
  if (is_dead_) return actor_.reset();  // abandoned meanwhile
  probe_.handled(registry_->env.clock.now() - since);
  if (is_killed_) return finish(DownReason::kCrashed, "");
  if (failure) return finish(DownReason::kCrashed, describe(failure));
  if (!mailbox_.park()) schedule_turn();
}

void ActorContext::finish(DownReason reason, const std::string& error) {
  const OnExit on_exit = std::exchange(on_exit_, nullptr);
  const std::size_t num_dropped = mailbox_.close();
  registry_->dead_letters.count(
      reason == DownReason::kClosed ? DeadLetterReason::kClosed : DeadLetterReason::kCrashed,
      num_dropped);
  let_go();
  registry_->remove(id_, reason);
  if (on_exit) on_exit(reason, error);
}

void ActorContext::let_go() {
  is_dead_ = true;
  mailbox_.close();
  timers_.cancel_all();
  for (const auto& [target, watch] : std::exchange(watches_, {})) registry_->unwatch(id_, target);
  if (!is_handling_) actor_.reset();
}

}  // namespace unmask
