#include "runtime/cli/process_http.h"

#include <boost/json.hpp>
#include <utility>

namespace unmask {
namespace {

HttpResponse json(int status, const boost::json::object& object) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = boost::json::serialize(object) + "\n";
  return response;
}

}  // namespace

HttpResponse index_page(const std::string& process) {
  HttpResponse response;
  response.body = "unmask " + process + ": see /metrics, /ready, /live\n";
  return response;
}

HttpResponse readiness_page(const std::string& why_not) {
  if (why_not.empty()) return json(200, {{"status", "ready"}});
  return json(503, {{"status", "waiting"}, {"reason", why_not}});
}

void add_process_routes(HttpServer& server, const std::string& process, PrometheusMetrics& metrics,
                        std::function<std::string()> why_not_ready) {
  metrics
      .gauge("unmask_build_info", "One, labelled with the version of the program.",
             {{"version", UNMASK_VERSION}})
      .set(1);
  server.route("GET", "/", [process](const HttpRequest&) { return index_page(process); });
  server.route("GET", "/metrics", [&metrics](const HttpRequest&) {
    HttpResponse response;
    response.content_type = PrometheusMetrics::kContentType;
    response.body = metrics.text();
    return response;
  });
  server.route("GET", "/ready", [ask = std::move(why_not_ready)](const HttpRequest&) {
    return readiness_page(ask());
  });
  for (const char* path : {"/live", "/health"}) {
    server.route("GET", path, [](const HttpRequest&) { return json(200, {{"status", "live"}}); });
  }
}

}  // namespace unmask
