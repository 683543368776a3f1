/// Only sources include this: Boost stays out of public headers.

#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "rpc/http/http_message.h"

namespace unmask::rpc {

/// An answer that is JSON, and ends with a line.
[[nodiscard]] HttpResponse json_text_page(std::string text, int status = 200);
[[nodiscard]] HttpResponse json_page(const boost::json::object& object, int status = 200);

}  // namespace unmask::rpc
