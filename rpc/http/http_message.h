/// What an HTTP client asks and what it gets, as values.

#pragma once

#include <map>
#include <string>

namespace unmask::rpc {

struct HttpRequest {
  std::string method;
  std::string path;   ///< as sent: nothing is decoded
  std::string query;  ///< behind the first `?`, without it
  std::string body;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::map<std::string, std::string> fields{};  ///< further ones: `Retry-After`
};

}  // namespace unmask::rpc
