#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "runtime/cli/eval/verifier.h"

namespace unmask::cli {

/// A question, and how its answer is judged.
struct TaskItem {
  actors::JobInput input;
  std::string answer;  ///< the right one; what it is to Python, only the checker knows
  Verifier verifier = Verifier::kExact;
  std::shared_ptr<const std::string> checker;  ///< of kPython: Python, as check_program() takes it
  std::string json;                            ///< of kPython: the item as it stands in its file
  std::uint64_t digest = 0;                    ///< of all that a result depends on
};

/// What others have measured.
struct PublishedFigure {
  std::string what;  ///< "LLaDA-MoE, vicinity, threshold 0.8"
  std::optional<double> percent_right;
  std::optional<double> tokens_per_forward;
  std::optional<double> tokens_per_second;
  std::string source;
};

struct EvalTask {
  std::string name;
  std::vector<actors::Parameter> parameters;  ///< weaker than those of the command line
  std::vector<std::string> stop;
  std::chrono::milliseconds check_time{10'000};  ///< of one answer in Python
  std::vector<PublishedFigure> published;
  std::vector<TaskItem> items;
  std::size_t num_left_out = 0;  ///< items that its checker does not know
};

}  // namespace unmask::cli
