#include "runtime/cli/process/live_watch.h"

#include <utility>

namespace unmask::cli {

LiveWatch::LiveWatch(EventLoop& loop, Timers& timers, HostPort http, std::function<void()> on_hung)
    : loop_(loop), timers_(timers), http_(std::move(http)), on_hung_(std::move(on_hung)) {
  timer_ = timers_.after(kInterval, [this] { ask(); });
}

LiveWatch::~LiveWatch() { timers_.cancel(timer_); }

void LiveWatch::ask() {
  const rpc::HttpProbe::Question question{http_, "/live", kTimeout};
  probe_ = std::make_unique<rpc::HttpProbe>(loop_, timers_, question,
                                            [this](bool is_alive) { take(is_alive); });
}

void LiveWatch::take(bool is_alive) {
  num_silences_ = is_alive ? 0 : num_silences_ + 1;
  if (num_silences_ == kMaxSilences) {
    const auto on_hung = on_hung_;  // which may destroy this
    return on_hung();
  }
  timer_ = timers_.after(kInterval, [this] { ask(); });
}

}  // namespace unmask::cli
