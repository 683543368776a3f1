#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "rpc/http/http_message.h"
#include "rpc/http/http_reply.h"

namespace unmask::rpc {

/// Answers at once, on the control thread.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;
/// Answers later, or piece by piece, also on the control thread.
using HttpLateHandler = std::function<void(HttpRequest, std::shared_ptr<HttpReply>)>;
using HttpRoute = std::variant<HttpHandler, HttpLateHandler>;

/// Which handler a request goes to, by path and method. What GET has, HEAD has.
class HttpRoutes {
 public:
  /// path: the exact one; or, with a part that is `*`, all that have any one in its place.
  void add(const std::string& method, const std::string& path, HttpRoute route);

  /// The handler, valid until the next add(), or the answer that there is none: 404, 405.
  [[nodiscard]] std::variant<const HttpRoute*, HttpResponse> find(std::string_view method,
                                                                  std::string_view path) const;

 private:
  using Methods = std::map<std::string, HttpRoute, std::less<>>;

  [[nodiscard]] const Methods* find_path(std::string_view path) const;

  std::map<std::string, Methods, std::less<>> paths_;
};

}  // namespace unmask::rpc
