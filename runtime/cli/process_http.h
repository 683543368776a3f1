/// What every process of a cluster says of itself over HTTP.

#pragma once

#include <functional>
#include <string>

#include "monitoring/prometheus_metrics.h"
#include "rpc/http/http_server.h"

namespace unmask {

/// One line that names the process and where to look on.
HttpResponse index_page(const std::string& process);

/// 200 `{"status":"ready"}`; 503 with the reason if there is one.
HttpResponse readiness_page(const std::string& why_not);

/// `/` (index), `/metrics`, `/ready`; `/live` and `/health` answer as long as the control thread
/// turns.
/// process        as in logs: `worker 1`
/// metrics        also learn of this build; outlive the server
/// why_not_ready  asked at every `/ready`; empty when it is
void add_process_routes(HttpServer& server, const std::string& process, PrometheusMetrics& metrics,
                        std::function<std::string()> why_not_ready);

}  // namespace unmask
