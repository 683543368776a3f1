/// Only sources include this: Boost stays out of public headers.

#pragma once

#include <boost/json/object.hpp>

#include "rpc/http/http_message.h"

namespace unmask::rpc {

[[nodiscard]] HttpResponse json_page(const boost::json::object& object, int status = 200);

}  // namespace unmask::rpc
