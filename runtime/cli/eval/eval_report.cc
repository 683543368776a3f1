#include "runtime/cli/eval/eval_report.h"

#include <algorithm>
#include <map>

namespace unmask::cli {
namespace {

bool is_beaten_by(const Score& score, const Score& other) {
  const double right = other.share_right() - score.share_right();
  const double speed = other.tokens_per_forward() - score.tokens_per_forward();
  return right >= 0 && speed >= 0 && right + speed > 0;
}

}  // namespace

void Score::add(const ItemResult& result) {
  ++tried;
  right += result.is_right ? 1 : 0;
  tokens += result.tokens;
  forwards += result.forwards;
  seconds += result.seconds;
}

EvalReport make_report(const std::string& model, std::span<const EvalTask> tasks, const Grid& grid,
                       std::span<const ItemResult> results) {
  EvalReport report{model, {}, {}, grid.left_out};
  std::map<std::string, std::size_t> task_of, variant_of;
  for (const EvalTask& task : tasks) {
    task_of.emplace(task.name, report.tasks.size());
    report.tasks.emplace_back(task.name, task.published);
  }
  for (const Variant& variant : grid.variants) {
    variant_of.emplace(variant.name(), report.variants.size());
    report.variants.push_back({variant, {}, std::vector<Score>(tasks.size())});
  }
  for (const ItemResult& result : results) {
    const auto task = task_of.find(result.task);
    const auto variant = variant_of.find(result.variant);
    if (task == task_of.end() || variant == variant_of.end()) continue;
    if (result.item >= tasks[task->second].items.size()) continue;
    report.variants[variant->second].all.add(result);
    report.variants[variant->second].tasks[task->second].add(result);
  }
  std::erase_if(report.variants, [](const VariantScore& score) { return score.all.tried == 0; });
  for (VariantScore& score : report.variants) {
    score.is_on_frontier = std::ranges::none_of(report.variants, [&](const VariantScore& other) {
      return is_beaten_by(score.all, other.all);
    });
  }
  return report;
}

}  // namespace unmask::cli
