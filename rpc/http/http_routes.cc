#include "rpc/http/http_routes.h"

#include <utility>

#include "rpc/http/request_head.h"
#include "runtime/base/check.h"

namespace unmask::rpc {

void HttpRoutes::add(const std::string& method, const std::string& path, HttpHandler handler) {
  const bool is_new = paths_[path].emplace(method, std::move(handler)).second;
  UNMASK_CHECK(is_new);
}

std::variant<const HttpHandler*, HttpResponse> HttpRoutes::find(std::string_view method,
                                                                std::string_view path) const {
  const auto found = paths_.find(path);
  if (found == paths_.end()) return rejection(404, "there is nothing at this path");
  const Methods& methods = found->second;
  const auto handler = methods.find(method == "HEAD" ? "GET" : method);
  if (handler != methods.end()) return &handler->second;

  HttpResponse refused = rejection(405, "this path does not take this method");
  std::string& allowed = refused.fields["Allow"];
  for (const auto& [name, unused] : methods) {
    allowed += (allowed.empty() ? "" : ", ") + name + (name == "GET" ? ", HEAD" : "");
  }
  return refused;
}

}  // namespace unmask::rpc
