#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "monitoring/prometheus_metrics.h"
#include "runtime/actor/actor_system.h"
#include "runtime/config/cluster_config.h"
#include "runtime/os/asio_timers.h"
#include "runtime/os/awake_clock.h"
#include "runtime/os/signals.h"

namespace unmask::cli {

/// What every process with actors has: its loop, clock, timers, log, metrics and signals.
///
/// Everything happens on the thread that calls run().
class ProcessHost {
 public:
  /// name: in every line of the log, `worker 1`; may be empty.
  ProcessHost(const ClusterConfig::Logging& logging, const std::string& name);
  ~ProcessHost();
  ProcessHost(const ProcessHost&) = delete;
  ProcessHost& operator=(const ProcessHost&) = delete;

  [[nodiscard]] Env env() { return {clock_, timers_, rng_, metrics_, *log_}; }
  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] ActorSystem& system() { return *system_; }
  [[nodiscard]] monitoring::PrometheusMetrics& metrics() { return metrics_; }
  [[nodiscard]] Log& log() { return *log_; }

  /// This life of the process: larger in a later one.
  [[nodiscard]] Incarnation incarnation() const { return incarnation_; }

  /// The first SIGTERM or SIGINT calls `on_drain`, the next one ends the process.
  void set_on_drain(std::function<void()> on_drain) { on_drain_ = std::move(on_drain); }

  /// The first signal came: this process takes nothing new.
  [[nodiscard]] bool is_draining() const { return is_draining_; }

  /// Works until end(); returns its code.
  int run();
  /// Works until `is_done`; false if end() or a signal came first.
  bool run_until(const std::function<bool()>& is_done);

  /// Stops the actors, each after what waits for it, and ends run() with `code`; only the first
  /// call counts. If they do not stop within a few seconds they are left.
  void end(int code);

  /// Calls `action` every `interval`, for as long as this lives.
  void every(Duration interval, std::function<void()> action);

 private:
  void beat();

  EventLoop loop_;
  SteadyClock machine_clock_;
  AwakeClock clock_{machine_clock_};
  Duration stalled_{0};  ///< as the log and the metrics know
  AsioTimers timers_{loop_, clock_};
  Rng rng_;
  monitoring::PrometheusMetrics metrics_;
  std::unique_ptr<Log> log_;
  const Incarnation incarnation_;
  std::function<void()> on_drain_;
  int exit_code_ = 0;
  bool is_draining_ = false;
  bool is_ending_ = false;
  std::unique_ptr<ActorSystem> system_;
  std::unique_ptr<Signals> signals_;
};

}  // namespace unmask::cli
