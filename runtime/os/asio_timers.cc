#include "runtime/os/asio_timers.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>

namespace unmask {

/// Outlives the Timers until the loop has told it the end of its wait.
struct AsioTimers::Wait {
  Wait(EventLoop& loop, AsioTimers& timers) : timer(loop.context()), owner(&timers) {}

  boost::asio::steady_timer timer;
  AsioTimers* owner;
  Time armed_for = Time::max();
};

AsioTimers::AsioTimers(EventLoop& loop)
    : clock_(machine_), wait_(std::make_shared<Wait>(loop, *this)) {}

AsioTimers::AsioTimers(EventLoop& loop, const Clock& clock)
    : clock_(clock), wait_(std::make_shared<Wait>(loop, *this)) {}

AsioTimers::~AsioTimers() {
  wait_->owner = nullptr;
  wait_->timer.cancel();
}

TimerId AsioTimers::after(Duration delay, std::function<void()> action) {
  const TimerId id = ++last_id_;
  const Time now = clock_.now();
  const Time due = delay > Time::max() - now ? Time::max() : now + delay;
  armed_.emplace(std::pair(due, id), std::move(action));
  due_.emplace(id, due);
  arm();
  return id;
}

void AsioTimers::cancel(TimerId id) {
  const auto it = due_.find(id);
  if (it == due_.end()) return;
  armed_.erase({it->second, id});
  due_.erase(it);
}

void AsioTimers::arm() {
  if (armed_.empty() || armed_.begin()->first.first >= wait_->armed_for) return;
  wait_->armed_for = armed_.begin()->first.first;
  // Time::max() is no time that can be reached: then it looks again now and then.
  constexpr Duration kLongestWait = std::chrono::hours(1);
  wait_->timer.expires_after(std::min(wait_->armed_for - clock_.now(), kLongestWait));
  wait_->timer.async_wait([wait = wait_](const boost::system::error_code& cancelled) {
    if (cancelled || !wait->owner) return;  // armed anew, or gone
    wait->armed_for = Time::max();
    wait->owner->run_due();
  });
}

void AsioTimers::run_due() {
  const Time now = clock_.now();
  while (!armed_.empty() && armed_.begin()->first.first <= now) {
    const auto due = armed_.extract(armed_.begin());
    due_.erase(due.key().second);
    due.mapped()();
  }
  arm();
}

}  // namespace unmask
