#include "runtime/cli/eval/judge.h"

#include <utility>

#include "runtime/base/check.h"
#include "runtime/cli/eval/python_check.h"

namespace unmask::cli {
namespace {

Result<bool> verdict_on(const EvalTask& task, const TaskItem& item, const std::string& answer,
                        Isolation isolation) {
  if (item.verifier != Verifier::kPython) return is_right(item.verifier, answer, item.answer);
  SandboxLimits limits;
  limits.wall = task.check_time;
  limits.cpu_seconds = std::uint64_t(std::chrono::ceil<std::chrono::seconds>(limits.wall).count());
  return passes(*item.checker, item.json, answer, isolation, limits);
}

}  // namespace

Judge::Judge(EventLoop& loop, Isolation isolation, std::size_t max_waiting)
    : loop_(loop), isolation_(isolation), thread_("judge", max_waiting) {}

void Judge::judge(const EvalTask& task, const TaskItem& item, std::string answer,
                  std::function<void(const Result<bool>&)> done) {
  const bool is_taken =
      thread_.post([this, &task, &item, answer = std::move(answer), done = std::move(done)] {
        loop_.post([done, verdict = verdict_on(task, item, answer, isolation_)] { done(verdict); });
      });
  UNMASK_CHECK(is_taken);
}

}  // namespace unmask::cli
