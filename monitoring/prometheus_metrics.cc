#include "monitoring/prometheus_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <utility>

namespace unmask::monitoring {
namespace {

prometheus::Labels owned(Labels labels) {
  prometheus::Labels result;
  for (const Label& label : labels) result.emplace(label.key, label.value);
  return result;
}

/// Handles by the address of what they wrap: prometheus-cpp gives the same object for the same
/// name and labels.
template <typename Handle, typename Wrapped>
Handle& handle_of(std::map<Wrapped*, Handle>& handles, Wrapped& wrapped) {
  return handles.try_emplace(&wrapped, wrapped).first->second;
}

}  // namespace

struct PrometheusMetrics::State {
  struct CounterHandle final : Counter {
    explicit CounterHandle(prometheus::Counter& wrapped) : counter(wrapped) {}
    void add(double amount) override { counter.Increment(amount); }
    prometheus::Counter& counter;
  };
  struct GaugeHandle final : Gauge {
    explicit GaugeHandle(prometheus::Gauge& wrapped) : gauge(wrapped) {}
    void set(double value) override { gauge.Set(value); }
    prometheus::Gauge& gauge;
  };
  struct HistogramHandle final : Histogram {
    explicit HistogramHandle(prometheus::Histogram& wrapped) : histogram(wrapped) {}
    void observe(double value) override { histogram.Observe(value); }
    prometheus::Histogram& histogram;
  };

  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  std::mutex mutex;
  std::map<prometheus::Counter*, CounterHandle> counters;
  std::map<prometheus::Gauge*, GaugeHandle> gauges;
  std::map<prometheus::Histogram*, HistogramHandle> histograms;
};

PrometheusMetrics::PrometheusMetrics() : state_(std::make_unique<State>()) {}
PrometheusMetrics::~PrometheusMetrics() = default;

Counter& PrometheusMetrics::counter(std::string_view name, std::string_view help, Labels labels) {
  auto& family = prometheus::BuildCounter()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(state_->registry);
  const std::scoped_lock lock(state_->mutex);
  return handle_of(state_->counters, family.Add(owned(labels)));
}

Gauge& PrometheusMetrics::gauge(std::string_view name, std::string_view help, Labels labels) {
  auto& family = prometheus::BuildGauge()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(state_->registry);
  const std::scoped_lock lock(state_->mutex);
  return handle_of(state_->gauges, family.Add(owned(labels)));
}

Histogram& PrometheusMetrics::histogram(std::string_view name, std::string_view help,
                                        Buckets buckets, Labels labels) {
  auto& family = prometheus::BuildHistogram()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(state_->registry);
  const std::scoped_lock lock(state_->mutex);
  prometheus::Histogram& histogram = family.Add(
      owned(labels), prometheus::Histogram::BucketBoundaries(buckets.begin(), buckets.end()));
  return handle_of(state_->histograms, histogram);
}

std::string PrometheusMetrics::text() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace unmask::monitoring
