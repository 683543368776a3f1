#include "rpc/http/http_routes.h"

#include <utility>

#include "rpc/http/request_head.h"
#include "runtime/base/check.h"

namespace unmask::rpc {

void HttpRoutes::add(const std::string& method, const std::string& path, HttpRoute route) {
  const bool is_new = paths_[path].emplace(method, std::move(route)).second;
  UNMASK_CHECK(is_new);
}

std::variant<const HttpRoute*, HttpResponse> HttpRoutes::find(std::string_view method,
                                                              std::string_view path) const {
  auto found = paths_.find(path);
  if (const std::size_t last = path.rfind('/');
      found == paths_.end() && last != std::string_view::npos && last + 1 < path.size()) {
    found = paths_.find(std::string(path.substr(0, last)) + "/*");
  }
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
