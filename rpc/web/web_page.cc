#include "rpc/web/web_page.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rpc/http/request_head.h"
#include "rpc/web/web_file.h"

namespace unmask::rpc {
namespace {

constexpr std::string_view kFolder = "/web/";
constexpr std::string_view kIndex = "index.html";
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The part before `separator`, which is taken off with it.
std::string_view take_part(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(part);
}

/// `q=0`, `q=0.000`: not this one.
bool is_refused_weight(std::string_view parameters) {
  const std::string_view weight = trimmed(parameters);
  return (weight.starts_with("q=0") || weight.starts_with("Q=0")) &&
         weight.substr(3).find_first_not_of(".0") == std::string_view::npos;
}

const WebFile* find_file(std::string_view name) {
  const auto files = web_files();
  const auto found = std::ranges::find(files, name, &WebFile::name);
  return found == files.end() ? nullptr : &*found;
}

/// A browser asks again each time, and is told in a line that nothing changed.
void set_fields(HttpResponse& response, const std::string& tag) {
  response.fields = {{"Cache-Control", "no-cache"},
                     {"Content-Security-Policy", std::string(kPolicy)},
                     {"Cross-Origin-Resource-Policy", "same-origin"},
                     {"ETag", tag},
                     {"Referrer-Policy", "no-referrer"},
                     {"Vary", "Accept-Encoding"}};
}

}  // namespace

bool accepts_gzip(std::string_view field) {
  while (!field.empty()) {
    std::string_view entry = take_part(field, ',');
    const std::string_view coding = take_part(entry, ';');
    if (coding == "gzip" || coding == "x-gzip" || coding == "*") return !is_refused_weight(entry);
  }
  return false;
}

std::string_view web_content_type(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTypes{
      {{".html", "text/html; charset=utf-8"},
       {".css", "text/css; charset=utf-8"},
       {".js", "text/javascript; charset=utf-8"},
       {".svg", "image/svg+xml"}}};
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return "text/plain; charset=utf-8";
}

void WebPage::add_to(HttpServer& server) const {
  for (const char* path : {"/", "/web/*"}) {
    server.route("GET", path,
                 [page = *this](const HttpRequest& request) { return page.answer(request); });
  }
}

HttpResponse WebPage::answer(const HttpRequest& request) const {
  const bool is_index = request.path == "/";
  const WebFile* file =
      find_file(is_index ? kIndex : std::string_view(request.path).substr(kFolder.size()));
  if (file == nullptr) return rejection(404, "the page has no file of this name");
  HttpResponse response;
  set_fields(response, "\"" + std::string(file->hash) + "\"");
  if (!accepts_gzip(request.accept_encoding)) {
    response.body =
        is_index ? plain_ : "this file is sent to who accepts gzip: curl --compressed\n";
    response.status = is_index ? 200 : 406;
    response.fields.erase("ETag");
    return response;
  }
  response.content_type = web_content_type(file->name);
  response.fields["Content-Encoding"] = "gzip";
  if (request.if_none_match == response.fields["ETag"]) {
    response.status = 304;
    response.fields.erase("Content-Encoding");
  } else {
    response.body = file->gzip;
  }
  return response;
}

}  // namespace unmask::rpc
