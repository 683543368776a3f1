#include "rpc/openai/json_page.h"

#include <boost/json.hpp>
#include <utility>

#include "rpc/openai/json_text.h"

namespace unmask::rpc {

HttpResponse json_text_page(std::string text, int status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(text) + "\n";
  return response;
}

HttpResponse json_page(const boost::json::object& object, int status) {
  return json_text_page(json_text(object), status);
}

}  // namespace unmask::rpc
