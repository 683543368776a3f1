#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "rpc/http/http_message.h"

namespace unmask::rpc {

/// Answers at once, on the control thread.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// Which handler a request goes to, by exact path and method. What GET has, HEAD has.
class HttpRoutes {
 public:
  void add(const std::string& method, const std::string& path, HttpHandler handler);

  /// The handler, valid until the next add(), or the answer that there is none: 404, 405.
  [[nodiscard]] std::variant<const HttpHandler*, HttpResponse> find(std::string_view method,
                                                                    std::string_view path) const;

 private:
  using Methods = std::map<std::string, HttpHandler, std::less<>>;

  std::map<std::string, Methods, std::less<>> paths_;
};

}  // namespace unmask::rpc
