/// Only sources include this, as rpc/openai/json_text.h.

#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace unmask::cli {

/// `pattern` with the member NAME of `fields` in place of every {NAME}: texts as they are, lists of
/// texts a line each, other values as JSON. {{ is a brace.
///
/// Errors  kInvalidArgument naming the member that is missing, or the brace that is not closed
[[nodiscard]] Result<std::string> fill_in(std::string_view pattern,
                                          const boost::json::object& fields);

}  // namespace unmask::cli
