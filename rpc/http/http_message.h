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
  std::string id;               ///< its X-Request-Id, or one made for it
  bool has_own_id = false;      ///< the client gave it
  std::string authorization;    ///< that field, as sent
  std::string origin;           ///< the site whose page asks, if a browser does
  std::string host;             ///< whom it takes this server for: `localhost:8080`
  std::string accept_encoding;  ///< that field, as sent
  std::string if_none_match;    ///< that field, as sent
  std::string client;           ///< the address it came from, in digits
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::map<std::string, std::string> fields{};  ///< further ones: `Retry-After`
};

}  // namespace unmask::rpc
