#include "rpc/http/http_routes.h"

#include <algorithm>
#include <utility>

#include "rpc/http/request_head.h"
#include "runtime/base/check.h"

namespace unmask::rpc {

void HttpRoutes::add(const std::string& method, const std::string& path, HttpRoute route) {
  const bool is_new = paths_[path].emplace(method, std::move(route)).second;
  UNMASK_CHECK(is_new);
}

/// The exact path first, then those with `*` in the place of one part.
const HttpRoutes::Methods* HttpRoutes::find_path(std::string_view path) const {
  if (const auto exact = paths_.find(path); exact != paths_.end()) return &exact->second;
  for (std::size_t begin = path.find('/'); begin < path.size();) {
    const std::size_t end = std::min(path.find('/', ++begin), path.size());
    if (end == begin) continue;
    const std::string pattern = std::string(path.substr(0, begin)) + "*";
    const auto found = paths_.find(pattern + std::string(path.substr(end)));
    if (found != paths_.end()) return &found->second;
    begin = end;
  }
  return nullptr;
}

std::variant<const HttpRoute*, HttpResponse> HttpRoutes::find(std::string_view method,
                                                              std::string_view path) const {
  const Methods* methods = find_path(path);
  if (methods == nullptr) return rejection(404, "there is nothing at this path");
  const auto handler = methods->find(method == "HEAD" ? "GET" : method);
  if (handler != methods->end()) return &handler->second;

  HttpResponse refused = rejection(405, "this path does not take this method");
  std::string& allowed = refused.fields["Allow"];
  for (const auto& [name, unused] : *methods) {
    allowed += (allowed.empty() ? "" : ", ") + name + (name == "GET" ? ", HEAD" : "");
  }
  return refused;
}

}  // namespace unmask::rpc
