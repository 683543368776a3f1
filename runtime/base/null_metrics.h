#pragma once

#include "runtime/base/metrics.h"

namespace unmask {

/// Counts nothing: for programs that nobody watches.
class NullMetrics final : public Metrics {
 public:
  Counter& counter(std::string_view /*name*/, std::string_view /*help*/,
                   Labels /*labels*/ = {}) override {
    return figure_;
  }
  Gauge& gauge(std::string_view /*name*/, std::string_view /*help*/,
               Labels /*labels*/ = {}) override {
    return figure_;
  }
  Histogram& histogram(std::string_view /*name*/, std::string_view /*help*/, Buckets /*buckets*/,
                       Labels /*labels*/ = {}) override {
    return figure_;
  }

 private:
  struct Figure final : Counter, Gauge, Histogram {
    void add(double /*amount*/) override {}
    void set(double /*value*/) override {}
    void observe(double /*value*/) override {}
  };

  Figure figure_;
};

}  // namespace unmask
