/// Items as they stand in files. Only sources include this, as rpc/openai/json_text.h.

#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/cli/eval/task.h"

namespace unmask::cli {

using TakeItem = std::function<Result<>(const boost::json::object&)>;

/// Gives the objects of a file to `take`, one of each line, or of a list if it begins with one.
///
/// Errors  kInvalidArgument with file and line: not JSON, not an object, or refused by `take`; no
///         object at all
[[nodiscard]] Result<> read_objects(const std::string& path, const TakeItem& take);

/// {"prompt" or "messages", "answer", "verifier"}, and for verifier python "cases"
/// ([[arguments, result], ...] of the one function that the answer defines) or "checker".
///
/// Errors  kInvalidArgument naming the member
[[nodiscard]] Result<TaskItem> item_of(const boost::json::object& object);

/// Sets the digest.
void seal(TaskItem& item);

}  // namespace unmask::cli
