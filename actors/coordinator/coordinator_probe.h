#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "actors/messages.h"
#include "actors/rejections.h"
#include "runtime/actor/clock.h"
#include "runtime/base/metrics.h"

namespace unmask::actors {

/// The coordinator's figures for people, behind verbs: its logic never names a metric.
class CoordinatorProbe {
 public:
  /// What figures may reach.
  struct Limits {
    std::size_t max_running = 256;
    std::chrono::milliseconds step_timeout{30'000};
  };

  CoordinatorProbe(Metrics& metrics, const Clock& clock, Limits limits);

  void job_accepted();
  void job_refused(ErrorCode code);
  void job_started(std::chrono::microseconds queue_time);
  void job_taken_back();
  void job_finished(FinishReason reason, const JobFigures& figures);
  void sequence_forward(Phase phase);
  void canvas_opened(std::int32_t num_holes);
  void block_committed(std::int32_t num_tokens, std::int32_t num_forwards,
                       std::chrono::microseconds interval, bool is_first);
  void tokens_decided(std::int32_t num_edits);
  /// overhead: from the answer to the next step, and whatever else is not the workers' time.
  void step_finished(Phase phase, std::chrono::microseconds duration, std::size_t batch_size,
                     std::chrono::microseconds rank_skew, std::chrono::microseconds overhead);
  void load(std::size_t num_waiting, std::size_t num_running);
  void kv_pages(std::int64_t num_used, std::int64_t num_total);
  void forward_of_burst();
  void stale_message();

  /// Since a step ended, or something was to be done at all; 0: nothing is.
  [[nodiscard]] std::chrono::milliseconds since_progress() const;

 private:
  void progressed();

  const Clock& clock_;
  bool has_work_ = false;  ///< jobs run or wait
  Time progressed_at_{};
  Rejections rejections_;
  Counter& accepted_;
  Counter& taken_back_;
  Counter& canvas_positions_;
  Counter& committed_tokens_;
  Counter& prompt_tokens_;
  std::array<Counter*, 5> finished_;  // by FinishReason
  std::array<Counter*, 4> forwards_;  // by Phase
  std::array<Histogram*, 4> step_seconds_;
  Histogram& queue_seconds_;
  Histogram& tokens_per_forward_;
  Histogram& tokens_per_step_;
  Histogram& steps_per_block_;
  Histogram& first_block_seconds_;
  Histogram& block_interval_seconds_;
  Histogram& duration_seconds_;
  Histogram& batch_size_;
  Histogram& overhead_seconds_;
  Gauge& rank_skew_seconds_;
  Gauge& waiting_;
  Gauge& running_;
  Gauge& pages_used_;
  Gauge& pages_free_;
  Gauge& last_progress_;
  Counter& burst_forwards_;
  Counter& stale_messages_;
};

}  // namespace unmask::actors
