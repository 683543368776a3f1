#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/cli/eval/task.h"

namespace unmask::cli {

/// Where tasks are found by name.
struct TaskFolders {
  std::string own;      ///< NAME.jsonl: those with which the shipped models are measured
  std::string defined;  ///< NAME.json: those of public data sets
  std::string data;     ///< with the public data sets; empty: not given
};

/// Those that came with this program: in the source tree above it, or where it was installed.
///
/// Errors  kNotFound
[[nodiscard]] Result<TaskFolders> find_task_folders();

/// The names of all tasks in a folder, in order.
[[nodiscard]] std::vector<std::string> task_names(const std::string& folder);

/// The tasks named, in their order, each once, with at most `limit` items each: a name, a path of
/// a .jsonl, or "all" for every one of `own`.
///
/// Errors  kInvalidArgument: no such task (with the nearest), or what is wrong in which file
[[nodiscard]] Result<std::vector<EvalTask>> read_tasks(const std::vector<std::string>& names,
                                                       const TaskFolders& folders,
                                                       std::size_t limit);

}  // namespace unmask::cli
