#include "tests/bench/bench.h"

#include <iostream>
#include <memory>
#include <utility>

#include "tests/bench/cpu_device.h"
#include "tests/bench/cuda/cuda_device.h"
#include "tests/bench/forward/forward_bench.h"
#include "tests/bench/gateway/gateway_bench.h"
#include "tests/bench/head_subject.h"
#include "tests/bench/layer_subject.h"
#include "tests/bench/llada_moe_shapes.h"
#include "tests/bench/machine.h"
#include "tests/bench/measured_backend.h"
#include "tests/bench/model_subject.h"
#include "tests/bench/samples.h"
#include "tests/bench/serving/serving_bench.h"

namespace unmask::bench {
namespace {

using kernels::DType;

/// Forwards are repeated in rounds of about this length, each beside a measurement of the peaks.
constexpr double kSecondsPerRound = 0.02;
constexpr int kMinRounds = 5;
constexpr int kServingRounds = 6;

class Bench {
 public:
  Bench(const Options& options, std::unique_ptr<Device> device)
      : options_(options),
        device_(std::move(device)),
        backend_(device_->backend(), device_->stopwatch()),
        report_(describe_machine()) {
    device_->describe(report_);
    report_.is_processor_time = options.stopwatch == Stopwatch::Kind::kProcessorPerThread;
  }

  Result<Report> run() {
    const checkpoint::ModelConfig shapes = llada_moe_7b();
    const int max_rows = options_.rows().back();
    for (const DType dtype : {DType::kBF16, DType::kF32}) {
      if (!options_.wants("model")) continue;
      const auto subject = ModelSubject::load(options_.model, backend_, dtype);
      if (!subject) return subject.error();
      measure(**subject, dtype);
    }
    for (const DType dtype : {DType::kBF16, DType::kF32}) {
      if (options_.is_quick && dtype == DType::kF32) continue;
      if (options_.wants("layer")) {
        measure(*std::make_unique<LayerSubject>(backend_, shapes, dtype, max_rows), dtype);
      }
      if (options_.wants("head")) {
        measure(*std::make_unique<HeadSubject>(backend_, shapes, dtype, max_rows), dtype);
      }
    }
    for (const ForwardShape& shape : forward_shapes(!options_.is_on_gpu)) {
      if (!options_.wants("forward")) continue;
      const auto runs = measure_forwards(shape, options_, *device_);
      if (!runs) return runs.error();
      report_.forwards.insert(report_.forwards.end(), runs->begin(), runs->end());
    }
    if (options_.wants("step")) {
      std::cerr << "the coordinator's part of a step\n";
      report_.coordination = measure_coordination(device_->stopwatch());
    }
    if (options_.wants("gateway") && !options_.is_quick) {
      std::cerr << "a gateway that streams\n";
      const auto run = measure_gateway(options_.model);
      if (!run) return run.error();
      report_.gateway.push_back(*run);
    }
    for (const int num_workers : {1, 2}) {
      if (!options_.wants("serving") || options_.is_quick) continue;
      for (const int burst : {1, 8}) {
        if (const Result<> served = serve(num_workers, burst); !served) return served.error();
      }
    }
    return std::move(report_);
  }

 private:
  void measure(Subject& subject, DType dtype) {
    for (const int num_rows : options_.rows()) {
      std::cerr << subject.name() << ", " << num_rows << " rows\n";
      subject.prepare(num_rows);
      subject.forward();
      backend_.pass([&] { device_->prepare([&] { subject.forward(); }); });
      Samples samples(options_.stopwatch);
      const Time end = clock_.now() + options_.time_per_cell();
      for (int round = 0; round < kMinRounds || clock_.now() < end; ++round) {
        measure_round(subject, samples);
      }
      report_.cells.push_back({.subject = subject.name(),
                               .weights = dtype == DType::kF32 ? "f32" : "bf16",
                               .num_rows = num_rows,
                               .num_runs = samples.num_costs(),
                               .cost = samples.cost(),
                               .peaks = samples.peaks()});
    }
  }

  Result<> serve(int num_workers, int burst) {
    std::cerr << "unmask up --workers " << num_workers << ", bursts of " << burst << '\n';
    const auto runs = measure_serving(options_, num_workers, burst, kServingRounds);
    if (!runs) return runs.error();
    report_.serving.insert(report_.serving.end(), runs->begin(), runs->end());
    return {};
  }

  void measure_round(Subject& subject, Samples& samples) {
    samples.add(device_->measure_peaks());
    double seconds = 0;
    while (seconds < kSecondsPerRound) {
      ForwardCost cost = backend_.measure([&] { subject.forward(); });
      if (const auto whole = device_->replay()) cost.set_total(*whole);
      samples.add(cost);
      seconds += cost.total.seconds;
    }
  }

  const Options options_;
  const SteadyClock clock_;
  const std::unique_ptr<Device> device_;
  MeasuredBackend backend_;
  Report report_;
};

}  // namespace

Result<Report> run_bench(const Options& options) {
  auto device = options.is_on_gpu ? make_cuda_device(options) : make_cpu_device(options);
  if (!device) return device.error();
  return Bench(options, std::move(*device)).run();
}

}  // namespace unmask::bench
