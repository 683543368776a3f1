/// What every process of a cluster says of itself over HTTP.

#pragma once

#include <functional>
#include <string>

#include "monitoring/prometheus_metrics.h"
#include "rpc/http/http_server.h"

namespace unmask::cli {

/// One line that names the process and where to look on.
rpc::HttpResponse index_page(const std::string& process);

/// 200 `{"status":"ready"}`; 503 with the reason if there is one.
rpc::HttpResponse readiness_page(const std::string& reason);

/// `/`, of a process that has no page of its own.
/// process  as in logs: `worker 1`
void add_index_route(rpc::HttpServer& server, const std::string& process);

/// `/metrics`, `/ready`; `/live` and `/health` answer as long as the control thread turns.
/// metrics        also learn of this build; outlive the server
/// not_ready_reason  asked at every `/ready`; empty when it is
void add_process_routes(rpc::HttpServer& server, monitoring::PrometheusMetrics& metrics,
                        std::function<std::string()> not_ready_reason);

}  // namespace unmask::cli
