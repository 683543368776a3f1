#pragma once

#include <cstddef>
#include <deque>
#include <span>

#include "actors/messages.h"
#include "runtime/base/result.h"
#include "runtime/cli/eval/grid.h"
#include "runtime/cli/eval/results_file.h"
#include "runtime/cli/eval/task.h"

namespace unmask::cli {

/// One item with one variant, as indices.
struct EvalWork {
  std::size_t variant = 0;
  std::size_t task = 0;
  std::size_t item = 0;
};

/// What there is to do beyond `results`, variant by variant.
///
/// Errors  kInvalidArgument: a result is of another question under the same name
[[nodiscard]] Result<std::deque<EvalWork>> missing_work(std::span<const EvalTask> tasks,
                                                        const Grid& grid,
                                                        std::span<const ItemResult> results);

/// The item as a job with a fresh id.
[[nodiscard]] actors::Submit to_submit(const EvalTask& task, const TaskItem& item,
                                       const Variant& variant);

/// Of the question and everything about it that is not the variant's.
[[nodiscard]] std::uint64_t digest_of(const EvalTask& task, const TaskItem& item);

}  // namespace unmask::cli
