/// JSON for people and programs. Only sources include this: Boost stays out of public headers.

#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace unmask::rpc {

/// One line. Numbers are as short as they can be and without needless exponents, which
/// boost::json::serialize gives all of them; what JSON has no number for is null.
[[nodiscard]] std::string json_text(const boost::json::value& value);

}  // namespace unmask::rpc
