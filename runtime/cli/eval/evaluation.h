#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/eval/eval_run.h"
#include "runtime/cli/eval/grid.h"
#include "runtime/cli/eval/results_file.h"
#include "runtime/cli/eval/task.h"

namespace unmask::cli {

/// What the command line says.
struct EvaluationOptions {
  GridOptions grid;
  std::vector<std::string> tasks{"all"};
  std::string data;
  std::string out;
  std::size_t limit = SIZE_MAX;
  std::size_t concurrency = 16;
  bool allows_unsafe_python = false;  ///< where answers cannot be isolated
  bool json = false;
};

/// What is known of the model before it answers.
struct EvaluatedModel {
  std::string name;
  std::string arithmetic;               ///< empty: not known here
  std::optional<bool> is_block_causal;  ///< nothing: not known here
};

/// One `unmask eval`: what it is to do, its run, and what it shows in the end.
class Evaluation {
 public:
  /// Reads the tasks, opens the results and tries the sandbox, if it is needed. Tells on stderr
  /// what is left out.
  ///
  /// Errors  those of read_tasks(), make_grid(), ResultsFile::open() and run_python()
  static Result<Evaluation> prepare(const EvaluationOptions& options, const EvaluatedModel& model);

  /// As EvalRun::start(); the loop, timers and clock outlive this.
  void start(JobPort port, EventLoop& loop, Timers& timers, const Clock& clock,
             std::function<void(const Result<ExitCode>&)> on_end);

  /// Ends the run, which says so; without one calls `otherwise`.
  void cancel(const std::function<void()>& otherwise);

  [[nodiscard]] bool has_results() const;
  /// The cluster refused everything.
  [[nodiscard]] std::optional<Error> why_no_results() const;

  /// Writes the reports into the folder and the table to `out`; failures to `status`.
  ///
  /// Errors  kInternal or kInvalidArgument naming the file
  [[nodiscard]] Result<> show(std::FILE* out, std::FILE* status) const;

 private:
  /// What a run refers to: it stays where it is.
  struct State {
    EvaluationOptions options;
    std::string model;
    std::vector<EvalTask> tasks;
    Grid grid;
    ResultsFile results;
    std::deque<EvalWork> work;
    Isolation isolation;
    std::unique_ptr<ProgressLine> line = {};
    std::unique_ptr<Judge> judge = {};
    std::unique_ptr<EvalRun> run = {};
  };

  explicit Evaluation(std::unique_ptr<State> state) : state_(std::move(state)) {}

  std::unique_ptr<State> state_;
};

}  // namespace unmask::cli
