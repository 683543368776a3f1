#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "runtime/actor/timers.h"
#include "runtime/cli/eval/eval_progress.h"
#include "runtime/cli/eval/eval_work.h"
#include "runtime/cli/eval/job_port.h"
#include "runtime/cli/eval/judge.h"
#include "runtime/cli/eval/results_file.h"
#include "runtime/cli/exit_code.h"

namespace unmask::cli {

/// Items of tasks, some of them in flight at once: each is generated, judged and written down.
///
/// An item that fails is counted and not written, so that the next start tries it again. A variant
/// whose first answer is that it cannot be is left out. A job that finds the cluster full is sent
/// again.
class EvalRun {
 public:
  /// All references outlive it.
  EvalRun(JobPort port, Timers& timers, Judge& judge, std::span<const EvalTask> tasks,
          const Grid& grid, ResultsFile& results, std::deque<EvalWork> work,
          std::size_t concurrency);

  /// `on_end`, once: kOk, kFailed if an item failed, kInterrupted after cancel(); an error if the
  /// cluster is lost, a result cannot be written or a checker cannot be run.
  void start(std::function<void(const EvalProgress&)> on_progress,
             std::function<void(const Result<ExitCode>&)> on_end);

  /// Ends the jobs in flight, starts no others.
  void cancel();

  /// Variants that the cluster refused, a sentence each.
  [[nodiscard]] const std::vector<std::string>& refused() const { return refused_; }
  [[nodiscard]] std::size_t num_failed() const { return num_failed_; }
  /// Why the first of them did.
  [[nodiscard]] const std::string& first_failure() const { return first_failure_; }

 private:
  void fill();
  void submit(const EvalWork& work, int attempt);
  void submit_again(const EvalWork& work, int attempt);
  void generated(const EvalWork& work, int attempt, const Result<actors::Finished>& result);
  void judged(const EvalWork& work, const actors::Finished& finished, const Result<bool>& verdict);
  void failed(const EvalWork& work, const Error& error);
  void refuse(std::size_t variant, const Error& error);
  void end(const Result<ExitCode>& result);

  const JobPort port_;
  Timers& timers_;
  Judge& judge_;
  const std::span<const EvalTask> tasks_;
  const Grid& grid_;
  ResultsFile& results_;
  std::deque<EvalWork> work_;
  const std::size_t concurrency_;
  std::function<void(const EvalProgress&)> on_progress_;
  std::function<void(const Result<ExitCode>&)> on_end_;  ///< empty: it has ended
  EvalProgress progress_;
  std::size_t num_busy_ = 0;  ///< items between work_ and their end
  std::set<JobId> in_flight_;
  std::set<std::size_t> answered_;  ///< variants that a cluster has computed
  std::vector<std::string> refused_;
  std::size_t num_failed_ = 0;
  std::string first_failure_;
  bool is_cancelled_ = false;
};

}  // namespace unmask::cli
