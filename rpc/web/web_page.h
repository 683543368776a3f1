#pragma once

#include <string>
#include <string_view>

#include "rpc/http/http_server.h"

namespace unmask::rpc {

/// The page that people open in a browser: `/`, and its files at `/web/NAME`.
///
/// It asks for no key, and may load nothing from elsewhere. Files are kept compressed only: who
/// does not take gzip gets a line of text at `/`, and 406 elsewhere.
class WebPage {
 public:
  /// plain: that line.
  explicit WebPage(std::string plain) : plain_(std::move(plain)) {}

  void add_to(HttpServer& server) const;

  /// path: `/` or `/web/NAME`
  [[nodiscard]] HttpResponse answer(const HttpRequest& request) const;

 private:
  std::string plain_;
};

/// Whether an Accept-Encoding field, as sent, lets an answer be compressed.
bool accepts_gzip(std::string_view field);

/// What a browser takes a file for, by the ending of its name.
std::string_view web_content_type(std::string_view name);

}  // namespace unmask::rpc
