#pragma once

#include <cstddef>
#include <string>

#include "runtime/base/result.h"
#include "runtime/cli/eval/task.h"

namespace unmask::cli {

/// The task that the JSON file `path` defines, with the first `limit` items of the public data set
/// that it names, which lies in the folder `data`:
///
///   "data"       names of the set's file, the first that is there counts
///   "system", "prompt", "answer"   what the model reads, and what is right: text_template.h
///   "verifier"   as parse_verifier() has it; with python a "checker", a list of lines
///   "settings"   diffusion parameters; "stop": texts that end an answer
///   "only_if"    {"field": NAME, "among": [...]}: other items are left out, and counted
///   "check_seconds"   for one answer in Python
///   "published"  [{"what", "right", "tokens_per_forward", "tokens_per_second", "source"}]
///
/// Errors  kInvalidArgument naming the file and what is wrong; data that is not there, and where it
///         comes from
[[nodiscard]] Result<EvalTask> read_defined_task(const std::string& path, const std::string& data,
                                                 std::size_t limit);

}  // namespace unmask::cli
