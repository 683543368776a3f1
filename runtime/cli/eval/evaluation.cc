#include "runtime/cli/eval/evaluation.h"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <utility>

#include "rpc/openai/json_text.h"
#include "runtime/cli/eval/eval_report.h"
#include "runtime/cli/eval/report_json.h"
#include "runtime/cli/eval/report_plot.h"
#include "runtime/cli/eval/report_table.h"
#include "runtime/cli/eval/task_files.h"
#include "runtime/cli/text/characters.h"
#include "runtime/cli/text/output_file.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

/// What results of one folder have in common; the grid and the tasks may grow.
std::string settings_text(const EvaluationOptions& options, const EvaluatedModel& model) {
  json::array set;
  for (const std::string& text : options.grid.set) set.emplace_back(text);
  return rpc::json_text(json::object{{"unmask_eval", 1},
                                     {"model", model.name},
                                     {"arithmetic", model.arithmetic},
                                     {"set", std::move(set)}});
}

Result<std::vector<EvalTask>> find_tasks(const EvaluationOptions& options) {
  Result<TaskFolders> folders = find_task_folders();
  const auto is_path = [](const std::string& name) { return name.ends_with(".jsonl"); };
  if (!folders && !std::ranges::all_of(options.tasks, is_path)) return folders.error();
  TaskFolders places = folders ? std::move(*folders) : TaskFolders{};
  places.data = options.data;
  return read_tasks(options.tasks, places, options.limit);
}

/// How answers in Python will be run: found out before the first is there.
Result<Isolation> choose_isolation(const std::vector<EvalTask>& tasks, bool allows_unsafe) {
  const bool is_needed = std::ranges::any_of(tasks, [](const EvalTask& task) {
    return std::ranges::any_of(
        task.items, [](const TaskItem& item) { return item.verifier == Verifier::kPython; });
  });
  if (!is_needed) return Isolation::kFull;
  Result<SandboxRun> run = run_python("pass", Isolation::kFull);
  if (run) return Isolation::kFull;
  if (allows_unsafe) {
    std::fputs("unmask: warning: answers in Python can read the files of this user\n", stderr);
    run = run_python("pass", Isolation::kLimitsOnly);
    if (run) return Isolation::kLimitsOnly;
  }
  // What has to be changed is a setting: invalid, not unreachable.
  return invalid(run.error().message);
}

void tell(const Grid& grid, const std::vector<EvalTask>& tasks) {
  for (const std::string& sentence : grid.left_out) {
    std::fprintf(stderr, "unmask: left out: %s\n", printable(sentence).c_str());
  }
  for (const EvalTask& task : tasks) {
    if (task.num_left_out == 0) continue;
    std::fprintf(stderr, "unmask: %zu items of %s are left out: their checker does not know them\n",
                 task.num_left_out, printable(task.name).c_str());
  }
}

}  // namespace

Result<Evaluation> Evaluation::prepare(const EvaluationOptions& options,
                                       const EvaluatedModel& model) {
  Result<Grid> grid = make_grid(options.grid, model.is_block_causal);
  if (!grid) return grid.error();
  Result<std::vector<EvalTask>> tasks = find_tasks(options);
  if (!tasks) return tasks.error();
  const Result<Isolation> isolation = choose_isolation(*tasks, options.allows_unsafe_python);
  if (!isolation) return isolation.error();
  Result<ResultsFile> results = ResultsFile::open(options.out, settings_text(options, model));
  if (!results) return results.error();
  Result<std::deque<EvalWork>> work = missing_work(*tasks, *grid, results->results());
  if (!work) return work.error();
  tell(*grid, *tasks);
  if (!results->results().empty()) {
    std::fprintf(stderr, "unmask: %zu results are there, %zu items are left to do\n",
                 results->results().size(), work->size());
  }
  return Evaluation(
      std::unique_ptr<State>(new State{options, model.name, std::move(*tasks), std::move(*grid),
                                       std::move(*results), std::move(*work), *isolation}));
}

void Evaluation::start(JobPort port, EventLoop& loop, Timers& timers, const Clock& clock,
                       std::function<void(const Result<ExitCode>&)> on_end) {
  State& state = *state_;
  const std::size_t concurrency = state.options.concurrency;
  state.line = std::make_unique<ProgressLine>(stderr, clock);
  state.judge = std::make_unique<Judge>(loop, state.isolation, concurrency);
  state.run =
      std::make_unique<EvalRun>(std::move(port), timers, *state.judge, state.tasks, state.grid,
                                state.results, std::move(state.work), concurrency);
  state.run->start([&state](const EvalProgress& progress) { state.line->show(progress); },
                   [&state, on_end = std::move(on_end)](const Result<ExitCode>& end) {
                     state.line.reset();
                     on_end(end);
                   });
}

void Evaluation::cancel(const std::function<void()>& otherwise) {
  state_->run ? state_->run->cancel() : otherwise();
}

bool Evaluation::has_results() const { return !state_->results.results().empty(); }

std::optional<Error> Evaluation::why_no_results() const {
  if (!state_->run) return std::nullopt;
  if (!state_->run->refused().empty()) return invalid(state_->run->refused().front());
  if (state_->run->num_failed() == 0) return std::nullopt;
  return Error{ErrorCode::kInternal, state_->run->first_failure()};
}

Result<> Evaluation::show(std::FILE* out, std::FILE* status) const {
  const State& state = *state_;
  EvalReport report = make_report(state.model, state.tasks, state.grid, state.results.results());
  if (state.run) {
    const std::vector<std::string>& refused = state.run->refused();
    report.left_out.insert(report.left_out.end(), refused.begin(), refused.end());
  }
  const std::string table = report_table(report), object = report_json(report) + "\n";
  for (const auto& [name, text] : {std::pair{"report.md", table},
                                   {"report.json", object},
                                   {"plot.svg", report_plot(report)}}) {
    const std::filesystem::path path = std::filesystem::path(state.options.out) / name;
    if (const Result<> written = write_text(path.string(), text); !written) return written.error();
  }
  std::fputs(state.options.json ? object.c_str() : table.c_str(), out);
  if (state.run && state.run->num_failed() > 0) {
    std::fprintf(status, "unmask: %zu items failed, and are tried again by the next start: %s\n",
                 state.run->num_failed(), printable(state.run->first_failure()).c_str());
  }
  return {};
}

}  // namespace unmask::cli
