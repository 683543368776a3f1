#pragma once

#include <memory>
#include <string>

#include "runtime/base/metrics.h"

namespace unmask::monitoring {

/// Metrics kept by prometheus-cpp, served as text by whoever has an HTTP server.
class PrometheusMetrics final : public Metrics {
 public:
  PrometheusMetrics();
  ~PrometheusMetrics() override;

  Counter& counter(std::string_view name, std::string_view help, Labels labels) override;
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels) override;
  Histogram& histogram(std::string_view name, std::string_view help, Buckets buckets,
                       Labels labels) override;

  /// Everything in Prometheus' text format, version 0.0.4.
  [[nodiscard]] std::string text() const;

  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace unmask::monitoring
