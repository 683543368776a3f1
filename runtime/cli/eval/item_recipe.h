/// Only sources include this, as rpc/openai/json_text.h.

#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/cli/eval/task.h"

namespace unmask::cli {

/// How the objects of the data set become items.
struct ItemRecipe {
  std::string system, prompt, answer;
  Verifier verifier = Verifier::kExact;
  std::shared_ptr<const std::string> checker;
  std::string condition;           ///< a member; empty: none
  std::vector<std::string> among;  ///< what it, or each of its texts, has to be
};

/// What the members of a task_definition.h say of it.
///
/// Errors  kInvalidArgument naming the member
[[nodiscard]] Result<ItemRecipe> recipe_of(const boost::json::object& definition);

/// Whether the checker knows such an object.
[[nodiscard]] bool is_wanted(const ItemRecipe& recipe, const boost::json::object& row);

/// Errors  kInvalidArgument naming the member that is missing
[[nodiscard]] Result<TaskItem> make_item(const ItemRecipe& recipe, const boost::json::object& row);

}  // namespace unmask::cli
