#include "actors/coordinator/coordinator_probe.h"

#include <algorithm>
#include <vector>

#include "actors/histogram_bounds.h"
#include "actors/phase_names.h"

namespace unmask::actors {
namespace {

constexpr double kMaxJobSeconds = 3600;  // the longest deadline
constexpr int kMaxBlockLength = 4096;    // of a canvas that is one block
constexpr double kRatioBuckets[] = {0.5, 1,  1.5, 2,  3,   4,   6,   8,    12,
                                    16,  24, 32,  64, 128, 256, 512, 1024, 4096};
constexpr double kOverheadBuckets[] = {1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2};

double seconds(std::chrono::microseconds duration) { return double(duration.count()) * 1e-6; }

constexpr FinishReason kReasons[] = {FinishReason::kStop, FinishReason::kLength,
                                     FinishReason::kCancelled, FinishReason::kDeadline,
                                     FinishReason::kError};

}  // namespace

CoordinatorProbe::CoordinatorProbe(Metrics& metrics, const Clock& clock, Limits limits)
    : clock_(clock),
      rejections_(metrics),
      accepted_(metrics.counter("unmask_jobs_accepted_total", "Jobs accepted.")),
      taken_back_(metrics.counter("unmask_jobs_taken_back_total",
                                  "Jobs that waited again because their workers were lost.")),
      canvas_positions_(metrics.counter("unmask_canvas_positions_total",
                                        "Positions of canvases that were opened to be generated.")),
      committed_tokens_(metrics.counter("unmask_committed_tokens_total",
                                        "Tokens of finished blocks, before the first EOS.")),
      prompt_tokens_(metrics.counter("unmask_prompt_tokens_total",
                                     "Tokens of the prompts of jobs that ended.")),
      queue_seconds_(metrics.histogram("unmask_job_queue_seconds",
                                       "Time from acceptance to the first step.",
                                       bounds_up_to(.001, kMaxJobSeconds))),
      tokens_per_forward_(metrics.histogram("unmask_job_tokens_per_forward",
                                            "Generated tokens of a job over its forwards.",
                                            kRatioBuckets)),
      tokens_per_step_(metrics.histogram("unmask_tokens_per_step",
                                         "Tokens decided by one forward of one sequence.",
                                         count_bounds_up_to(kMaxBlockLength))),
      steps_per_block_(metrics.histogram("unmask_steps_per_block",
                                         "Forwards that a finished block took.",
                                         count_bounds_up_to(kMaxBlockLength))),
      first_block_seconds_(metrics.histogram("unmask_time_to_first_block_seconds",
                                             "Time from acceptance to the first finished block.",
                                             bounds_up_to(.001, kMaxJobSeconds))),
      block_interval_seconds_(metrics.histogram("unmask_block_commit_interval_seconds",
                                                "Time between finished blocks of a job.",
                                                bounds_up_to(.001, kMaxJobSeconds))),
      duration_seconds_(metrics.histogram("unmask_job_duration_seconds",
                                          "Time from acceptance to the end of a job.",
                                          bounds_up_to(.001, kMaxJobSeconds))),
      batch_size_(metrics.histogram("unmask_batch_canvases", "Sequences in one step.",
                                    count_bounds_up_to(int(limits.max_running)))),
      overhead_seconds_(metrics.histogram("unmask_step_overhead_seconds",
                                          "Coordinator time per step outside the workers.",
                                          kOverheadBuckets)),
      rank_skew_seconds_(metrics.gauge("unmask_rank_skew_seconds",
                                       "Last rank's answer to a step minus the first's.")),
      waiting_(metrics.gauge("unmask_jobs_waiting", "Accepted jobs that wait for room.")),
      running_(metrics.gauge("unmask_jobs_running", "Jobs in a replica's batch.")),
      pages_used_(metrics.gauge("unmask_kv_pages", "KV pages of all replicas, reserved or free.",
                                {{"state", "used"}})),
      pages_free_(metrics.gauge("unmask_kv_pages", "KV pages of all replicas, reserved or free.",
                                {{"state", "free"}})),
      last_progress_(metrics.gauge("unmask_last_progress_timestamp_seconds",
                                   "When a step last finished, or work came to an idle "
                                   "coordinator, or it started; since 1970.")),
      burst_forwards_(metrics.counter("unmask_burst_steps_total",
                                      "Steps that the workers went on with by themselves, without "
                                      "a round trip to the coordinator.")),
      stale_messages_(metrics.counter("unmask_stale_messages_total",
                                      "Messages of an epoch that is over, dropped.")) {
  for (std::size_t phase = 0; phase < std::size(kPhaseNames); ++phase) {
    const Label label{"phase", kPhaseNames[phase]};
    forwards_[phase] =
        &metrics.counter("unmask_forward_passes_total",
                         "Forwards that the workers answered, once per sequence.", {label});
    step_seconds_[phase] = &metrics.histogram(
        "unmask_step_duration_seconds",
        "From a step's order to its last answer, by the phase of its first "
        "sequence.",
        bounds_up_to(.0005, std::chrono::duration<double>(limits.step_timeout).count()), {label});
  }
  for (const FinishReason reason : kReasons) {
    finished_[std::size_t(reason)] = &metrics.counter(
        "unmask_jobs_total", "Jobs that ended, by outcome.", {{"outcome", name_of(reason)}});
  }
  progressed();
}

void CoordinatorProbe::job_accepted() { accepted_.add(); }

void CoordinatorProbe::job_refused(ErrorCode code) { rejections_.count(code); }

void CoordinatorProbe::job_started(std::chrono::microseconds queue_time) {
  queue_seconds_.observe(seconds(queue_time));
}

void CoordinatorProbe::job_taken_back() { taken_back_.add(); }

void CoordinatorProbe::job_finished(FinishReason reason, const JobFigures& figures) {
  finished_[std::size_t(reason)]->add();
  prompt_tokens_.add(double(figures.prompt_tokens));
  duration_seconds_.observe(seconds(figures.duration));
  if (figures.forwards > 0) {
    tokens_per_forward_.observe(double(figures.tokens) / double(figures.forwards));
  }
}

void CoordinatorProbe::sequence_forward(Phase phase) { forwards_[std::size_t(phase)]->add(); }

void CoordinatorProbe::canvas_opened(std::int32_t num_holes) {
  canvas_positions_.add(double(num_holes));
}

void CoordinatorProbe::block_committed(std::int32_t num_tokens, std::int32_t num_forwards,
                                       std::chrono::microseconds interval, bool is_first) {
  committed_tokens_.add(double(num_tokens));
  steps_per_block_.observe(double(num_forwards));
  (is_first ? first_block_seconds_ : block_interval_seconds_).observe(seconds(interval));
}

void CoordinatorProbe::tokens_decided(std::int32_t num_edits) {
  tokens_per_step_.observe(double(num_edits));
}

void CoordinatorProbe::step_finished(Phase phase, std::chrono::microseconds duration,
                                     std::size_t batch_size, std::chrono::microseconds rank_skew,
                                     std::chrono::microseconds overhead) {
  step_seconds_[std::size_t(phase)]->observe(seconds(duration));
  batch_size_.observe(double(batch_size));
  rank_skew_seconds_.set(seconds(rank_skew));
  overhead_seconds_.observe(seconds(overhead));
  progressed();
}

void CoordinatorProbe::load(std::size_t num_waiting, std::size_t num_running) {
  // Where nothing was to be done nothing was late.
  const bool has_work = num_waiting + num_running > 0;
  if (has_work && !has_work_) progressed();
  has_work_ = has_work;
  waiting_.set(double(num_waiting));
  running_.set(double(num_running));
}

void CoordinatorProbe::kv_pages(std::int64_t num_used, std::int64_t num_total) {
  pages_used_.set(double(num_used));
  pages_free_.set(double(num_total - num_used));
}

void CoordinatorProbe::forward_of_burst() { burst_forwards_.add(); }

void CoordinatorProbe::stale_message() { stale_messages_.add(); }

std::chrono::milliseconds CoordinatorProbe::since_progress() const {
  if (!has_work_) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - progressed_at_);
}

void CoordinatorProbe::progressed() {
  progressed_at_ = clock_.now();
  last_progress_.set(std::chrono::duration<double>(clock_.unix_time()).count());
}

}  // namespace unmask::actors
