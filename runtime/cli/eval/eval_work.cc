#include "runtime/cli/eval/eval_work.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "rpc/client/job_id.h"
#include "runtime/base/digest.h"

namespace unmask::cli {

Result<std::deque<EvalWork>> missing_work(std::span<const EvalTask> tasks, const Grid& grid,
                                          std::span<const ItemResult> results) {
  std::map<std::string, const EvalTask*> named;
  for (const EvalTask& task : tasks) named.emplace(task.name, &task);
  std::set<std::tuple<std::string, std::string, std::size_t>> done;
  for (const ItemResult& result : results) {
    const auto task = named.find(result.task);
    if (task == named.end() || result.item >= task->second->items.size()) continue;
    if (digest_of(*task->second, task->second->items[result.item]) != result.digest) {
      return invalid("--out has results of another task '" + result.task + "': its item " +
                     std::to_string(result.item + 1) + " has changed; give another --out");
    }
    done.emplace(result.variant, result.task, result.item);
  }
  std::deque<EvalWork> work;
  for (std::size_t v = 0; v < grid.variants.size(); ++v) {
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      for (std::size_t i = 0; i < tasks[t].items.size(); ++i) {
        if (!done.contains({grid.variants[v].name(), tasks[t].name, i})) work.push_back({v, t, i});
      }
    }
  }
  return work;
}

actors::Submit to_submit(const EvalTask& task, const TaskItem& item, const Variant& variant) {
  actors::Submit submit;
  submit.job = rpc::random_job_id();
  submit.input = item.input;
  submit.parameters = merged(task.parameters, variant.parameters);
  submit.stop = task.stop;
  submit.subscription = {.blocks = false, .frames = false, .trace = false};
  return submit;
}

std::uint64_t digest_of(const EvalTask& task, const TaskItem& item) {
  Digest digest;
  digest.add(item.digest);
  const auto add = [&](const std::string& text) {
    digest.add(text.size());
    digest.add(std::as_bytes(std::span(text)));
  };
  for (const auto& [name, value] : task.parameters) add(name), add(value);
  for (const std::string& text : task.stop) add(text);
  return digest.value();
}

}  // namespace unmask::cli
