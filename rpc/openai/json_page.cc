#include "rpc/openai/json_page.h"

#include <boost/json.hpp>

namespace unmask::rpc {

HttpResponse json_page(const boost::json::object& object, int status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = boost::json::serialize(object) + "\n";
  return response;
}

}  // namespace unmask::rpc
