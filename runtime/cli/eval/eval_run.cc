#include "runtime/cli/eval/eval_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace unmask::cli {
namespace {

constexpr std::chrono::milliseconds kFullPause{500};  // when the cluster is full
constexpr int kMostAttempts = 120;

Error early_end(const actors::Finished& finished) {
  if (finished.error) return *finished.error;
  return {ErrorCode::kInternal, "its job ended with " + std::string(name_of(finished.reason))};
}

}  // namespace

EvalRun::EvalRun(JobPort port, Timers& timers, Judge& judge, std::span<const EvalTask> tasks,
                 const Grid& grid, ResultsFile& results, std::deque<EvalWork> work,
                 std::size_t concurrency)
    : port_(std::move(port)),
      timers_(timers),
      judge_(judge),
      tasks_(tasks),
      grid_(grid),
      results_(results),
      work_(std::move(work)),
      concurrency_(concurrency) {}

void EvalRun::start(std::function<void(const EvalProgress&)> on_progress,
                    std::function<void(const Result<ExitCode>&)> on_end) {
  on_progress_ = std::move(on_progress);
  on_end_ = std::move(on_end);
  progress_.total = work_.size();
  fill();
}

void EvalRun::cancel() {
  is_cancelled_ = true;
  if (num_busy_ == 0) return end(kInterrupted);
  for (const JobId& job : std::set(in_flight_)) port_.cancel(job);
}

void EvalRun::fill() {
  while (on_end_ && !is_cancelled_ && !work_.empty() && num_busy_ < concurrency_) {
    const EvalWork work = work_.front();
    work_.pop_front();
    ++num_busy_;
    submit(work, 1);
  }
  if (!on_end_) return;
  progress_.in_flight = num_busy_;
  on_progress_(progress_);
  if (num_busy_ > 0 || (!work_.empty() && !is_cancelled_)) return;
  end(is_cancelled_ ? kInterrupted : num_failed_ > 0 ? kFailed : kOk);
}

void EvalRun::submit(const EvalWork& work, int attempt) {
  const EvalTask& task = tasks_[work.task];
  actors::Submit job = to_submit(task, task.items[work.item], grid_.variants[work.variant]);
  const JobId id = job.job;
  in_flight_.insert(id);
  const Result<> sent =
      port_.submit(std::move(job), [this, work, attempt, id](const Result<actors::Finished>& end) {
        in_flight_.erase(id);
        generated(work, attempt, end);
        fill();
      });
  if (sent) return;
  in_flight_.erase(id);
  generated(work, attempt, sent.error());
}

void EvalRun::submit_again(const EvalWork& work, int attempt) {
  timers_.after(kFullPause, [this, work, attempt] {
    if (!on_end_) return;
    if (is_cancelled_) {
      --num_busy_;
    } else {
      submit(work, attempt);
    }
    fill();
  });
}

void EvalRun::generated(const EvalWork& work, int attempt, const Result<actors::Finished>& result) {
  if (!on_end_) return;
  if (const std::optional<Error> lost = port_.failure()) return end(*lost);
  if (!result && result.error().code == ErrorCode::kOverloaded && attempt < kMostAttempts &&
      !is_cancelled_) {
    return submit_again(work, attempt + 1);
  }
  if (!result && result.error().code == ErrorCode::kInvalidArgument &&
      !answered_.contains(work.variant)) {
    return refuse(work.variant, result.error());
  }
  if (!result) return failed(work, result.error());
  if (is_early(result->reason)) return failed(work, early_end(*result));
  answered_.insert(work.variant);
  const EvalTask& task = tasks_[work.task];
  judge_.judge(task, task.items[work.item], result->text,
               [this, work, finished = *result](const Result<bool>& verdict) {
                 judged(work, finished, verdict);
                 fill();
               });
}

void EvalRun::judged(const EvalWork& work, const actors::Finished& finished,
                     const Result<bool>& verdict) {
  if (!on_end_) return;
  if (!verdict) return end(verdict.error());
  --num_busy_;
  ++progress_.done;
  progress_.right += *verdict ? 1 : 0;
  const EvalTask& task = tasks_[work.task];
  const Result<> written = results_.append(
      {grid_.variants[work.variant].name(), task.name, work.item,
       digest_of(task, task.items[work.item]), *verdict, finished.figures.tokens,
       finished.figures.forwards,
       std::chrono::duration<double>(finished.figures.duration - finished.figures.queue_time)
           .count(),
       finished.text});
  if (!written) end(written.error());
}

void EvalRun::failed(const EvalWork& work, const Error& error) {
  --num_busy_;
  if (is_cancelled_) return;
  if (num_failed_++ > 0) return;
  first_failure_ = "task " + tasks_[work.task].name + ", item " + std::to_string(work.item + 1) +
                   ", " + grid_.variants[work.variant].name() + ": " + error.message;
}

void EvalRun::refuse(std::size_t variant, const Error& error) {
  --num_busy_;
  const std::string name = grid_.variants[variant].name();
  const bool is_known = std::ranges::any_of(
      refused_, [&](const std::string& sentence) { return sentence.starts_with(name + ": "); });
  if (!is_known) refused_.push_back(name + ": " + error.message);
  progress_.total -= std::erase_if(work_, [&](const EvalWork& w) { return w.variant == variant; });
  --progress_.total;
}

void EvalRun::end(const Result<ExitCode>& result) {
  if (on_end_) std::exchange(on_end_, nullptr)(result);
}

}  // namespace unmask::cli
