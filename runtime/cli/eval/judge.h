#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/base/result.h"
#include "runtime/cli/eval/sandbox.h"
#include "runtime/cli/eval/task.h"
#include "runtime/os/event_loop.h"
#include "runtime/os/work_thread.h"

namespace unmask::cli {

/// Judges answers on a thread of its own, one after the other: Python may take its time.
class Judge {
 public:
  /// max_waiting: more are never asked about at once. The loop outlives this.
  Judge(EventLoop& loop, Isolation isolation, std::size_t max_waiting);

  /// `done` hears whether the answer is right, on the control thread; or why its checker could not
  /// be run. Task and item outlive the call of it.
  void judge(const EvalTask& task, const TaskItem& item, std::string answer,
             std::function<void(const Result<bool>&)> done);

 private:
  EventLoop& loop_;
  const Isolation isolation_;
  WorkThread thread_;
};

}  // namespace unmask::cli
