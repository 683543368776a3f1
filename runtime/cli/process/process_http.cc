#include "runtime/cli/process/process_http.h"

#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "runtime/actor/clock.h"
#include "runtime/cli/process/process_metrics.h"

namespace unmask::cli {
namespace {

rpc::HttpResponse json(int status, const boost::json::object& object) {
  rpc::HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = boost::json::serialize(object) + "\n";
  return response;
}

}  // namespace

rpc::HttpResponse index_page(const std::string& process) {
  rpc::HttpResponse response;
  response.body = "unmask " + process + ": see /metrics, /ready, /live\n";
  return response;
}

rpc::HttpResponse readiness_page(const std::string& reason) {
  if (reason.empty()) return json(200, {{"status", "ready"}});
  return json(503, {{"status", "waiting"}, {"reason", reason}});
}

void add_index_route(rpc::HttpServer& server, const std::string& process) {
  server.route("GET", "/", [process](const rpc::HttpRequest&) { return index_page(process); });
}

void add_process_routes(rpc::HttpServer& server, monitoring::PrometheusMetrics& metrics,
                        std::function<std::string()> not_ready_reason) {
  metrics
      .gauge("unmask_build_info", "One, labelled with the version of the program.",
             {{"version", UNMASK_VERSION}})
      .set(1);
  const auto process_metrics = std::make_shared<ProcessMetrics>(
      metrics, std::chrono::duration<double>(SteadyClock().unix_time()).count());
  server.route("GET", "/metrics", [&metrics, process_metrics](const rpc::HttpRequest&) {
    process_metrics->update();
    rpc::HttpResponse response;
    response.content_type = monitoring::PrometheusMetrics::kContentType;
    response.body = metrics.text();
    return response;
  });
  server.route("GET", "/ready", [ask = std::move(not_ready_reason)](const rpc::HttpRequest&) {
    return readiness_page(ask());
  });
  for (const char* path : {"/live", "/health"}) {
    server.route("GET", path, [](const rpc::HttpRequest&) {
      return json(200, {{"status", "live"}});
    });
  }
}

}  // namespace unmask::cli
