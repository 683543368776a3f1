#include "runtime/cli/eval/task_files.h"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "runtime/base/listed.h"
#include "runtime/base/nearest_name.h"
#include "runtime/cli/eval/task_definition.h"
#include "runtime/cli/eval/task_items.h"
#include "runtime/cli/process/embedded_model.h"

namespace unmask::cli {
namespace {

namespace fs = std::filesystem;

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

Result<EvalTask> read_own_task(const std::string& path, const std::string& name,
                               std::size_t limit) {
  EvalTask task;
  task.name = name;
  const Result<> read = read_objects(path, [&](const boost::json::object& object) -> Result<> {
    if (task.items.size() >= limit) return {};
    Result<TaskItem> item = item_of(object);
    if (!item) return item.error();
    task.items.push_back(std::move(*item));
    return {};
  });
  if (!read) return read.error();
  return task;
}

Error no_such_task(const std::string& name, const TaskFolders& folders) {
  std::vector<std::string> known = task_names(folders.own);
  const std::vector<std::string> defined = task_names(folders.defined);
  known.insert(known.end(), defined.begin(), defined.end());
  std::string text;
  for (const std::string& each : known) text += (text.empty() ? "" : ", ") + each;
  return invalid("there is no task '" + name + "'" + did_you_mean(name, known) + ": one of " +
                 text + ", or a file by its path, .jsonl");
}

Result<EvalTask> read_task(const std::string& name, const TaskFolders& folders, std::size_t limit) {
  if (name.find('/') != std::string::npos || name.ends_with(".jsonl")) {
    return read_own_task(name, fs::path(name).stem(), limit);
  }
  const std::string own = folders.own + "/" + name + ".jsonl";
  if (is_file(own)) return read_own_task(own, name, limit);
  const std::string defined = folders.defined + "/" + name + ".json";
  if (is_file(defined)) return read_defined_task(defined, folders.data, limit);
  return no_such_task(name, folders);
}

}  // namespace

Result<TaskFolders> find_task_folders() {
  const Result<fs::path> model = find_embedded_model();
  if (!model) {
    return Error{ErrorCode::kNotFound,
                 "the tasks that come with unmask are not beside this program; name a .jsonl with "
                 "--tasks"};
  }
  const fs::path folder = model->parent_path();
  return TaskFolders{folder / "eval", folder / "benchmarks", ""};
}

std::vector<std::string> task_names(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string kind = entry.path().extension();
    if (kind == ".jsonl" || kind == ".json") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

Result<std::vector<EvalTask>> read_tasks(const std::vector<std::string>& names,
                                         const TaskFolders& folders, std::size_t limit) {
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    const std::vector<std::string> own =
        name == "all" ? task_names(folders.own) : std::vector<std::string>{name};
    wanted.insert(wanted.end(), own.begin(), own.end());
  }
  std::vector<EvalTask> tasks;
  for (const std::string& name : wanted) {
    Result<EvalTask> task = read_task(name, folders, limit);
    if (!task) return task.error();
    const bool is_there =
        std::ranges::any_of(tasks, [&](const EvalTask& other) { return other.name == task->name; });
    if (is_there) return invalid("--tasks names '" + task->name + "' twice");
    tasks.push_back(std::move(*task));
  }
  return tasks;
}

}  // namespace unmask::cli
