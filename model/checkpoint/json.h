/// Reading the JSON of a checkpoint. Only sources include this: Boost stays out of public headers.

#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace unmask::checkpoint {

/// A document whose top is an object. `file` stands in the errors.
///
/// Errors  kInvalidArgument if it is no JSON, is nested too deeply, or an object has a key twice
///         (readers differ in which of the two they believe)
Result<boost::json::object> parse_json_object(std::string_view text, const std::string& file);

/// `text` for people: shortened, and without what could command their terminal.
std::string printable(std::string_view text);

/// The text of a value for people.
std::string printable(const boost::json::value& value);

}  // namespace unmask::checkpoint
