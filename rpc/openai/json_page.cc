#include "rpc/openai/json_page.h"

#include <boost/json.hpp>

#include "rpc/openai/json_text.h"

namespace unmask::rpc {

HttpResponse json_page(const boost::json::object& object, int status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = json_text(object) + "\n";
  return response;
}

}  // namespace unmask::rpc
