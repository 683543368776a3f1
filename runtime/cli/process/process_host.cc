#include "runtime/cli/process/process_host.h"

#include <iostream>
#include <utility>

#include "runtime/base/random.h"
#include "runtime/cli/exit_code.h"

namespace unmask::cli {
namespace {

constexpr std::chrono::seconds kStopTimeout{5};  // for actors to handle what waits for them

std::unique_ptr<Log> log_of(const ClusterConfig::Logging& logging, const std::string& name) {
  const Result<LogLevel> level = parse_log_level(logging.level);
  return make_log({level ? *level : LogLevel::kInfo, logging.format == "json", name}, std::cerr);
}

}  // namespace

ProcessHost::ProcessHost(const ClusterConfig::Logging& logging, const std::string& name)
    : rng_(random_bits()), log_(log_of(logging, name)), incarnation_(clock_.unix_time().count()) {
  system_ = std::make_unique<ActorSystem>(loop_, env(), [this](const std::string& why) {
    log_->error("an actor failed too often", {{"why", why}});
    end(ActorSystem::kExitEscalated);
  });
  every(AwakeClock::kBeat, [this] { beat(); });
  signals_ = std::make_unique<Signals>(
      loop_,
      [this] {
        is_draining_ = true;
        if (!on_drain_) return end(0);
        log_->info("draining; a second signal ends this process at once");
        on_drain_();
      },
      [this] {
        exit_code_ = kInterrupted;
        loop_.stop();
      });
}

ProcessHost::~ProcessHost() = default;

/// Its own stalls are no fault of others: nobody is judged for that time.
void ProcessHost::beat() {
  const Duration stalled = clock_.beat();
  const std::chrono::duration<double> stall = stalled - std::exchange(stalled_, stalled);
  if (stall.count() == 0) return;
  env()
      .metrics.counter("unmask_stalled_seconds_total", "Time for which this process did not run.")
      .add(stall.count());
  log_->warning("this process did not run for a while; that time does not count",
                {{"seconds", std::to_string(stall.count())}});
}

int ProcessHost::run() {
  loop_.run();
  return exit_code_;
}

bool ProcessHost::run_until(const std::function<bool()>& is_done) {
  loop_.run_until([&] { return is_ending_ || is_done(); });
  return !is_ending_ && is_done();
}

void ProcessHost::end(int code) {
  if (std::exchange(is_ending_, true)) return;
  exit_code_ = code;
  timers_.after(kStopTimeout, [this] { loop_.stop(); });
  system_->stop([this] { loop_.stop(); });
}

void ProcessHost::every(Duration interval, std::function<void()> action) {
  timers_.after(interval, [this, interval, action = std::move(action)]() mutable {
    action();
    every(interval, std::move(action));
  });
}

}  // namespace unmask::cli
