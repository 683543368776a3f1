#include "tests/bench/cuda/cuda_device.h"

#include <cuda_runtime_api.h>

#include <string>
#include <utility>

#include "kernels/cuda/cuda_check.h"
#include "kernels/make_backend.h"
#include "tests/bench/cuda/cuda_graph.h"
#include "tests/bench/cuda/peak_kernels.h"

namespace unmask::bench {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 30;  // much more than the cache holds
constexpr int kReplays = 4, kLaunches = 200;

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(std::unique_ptr<kernels::Backend> backend)
      : backend_(std::move(backend)),
        stream_(static_cast<cudaStream_t>(backend_->stream().handle)),
        memory_(backend_->allocate(kReadBytes)),
        sink_(backend_->allocate(sizeof(float))) {}

  [[nodiscard]] kernels::Backend& backend() override { return *backend_; }
  [[nodiscard]] Stopwatch stopwatch() const override { return {Stopwatch::Kind::kWall, 1}; }
  [[nodiscard]] Peaks measure_peaks() override;
  void describe(Report& report) override;
  void prepare(const std::function<void()>& forward) override {
    graph_ = std::make_unique<CudaGraph>(stream_, forward);
  }
  [[nodiscard]] std::optional<double> replay() override {
    return graph_->seconds_per_replay(kReplays);
  }

 private:
  const std::unique_ptr<kernels::Backend> backend_;
  const cudaStream_t stream_;
  const std::unique_ptr<kernels::Buffer> memory_, sink_;
  std::unique_ptr<CudaGraph> graph_;
};

Peaks CudaDevice::measure_peaks() {
  auto* const sink = static_cast<float*>(sink_->data());
  double flops = 0;
  Peaks peaks;
  const double f32_seconds =
      device_seconds(stream_, [&] { flops = enqueue_f32_products(sink, stream_); });
  peaks.f32_gflops = flops / f32_seconds * 1e-9;
  const double bf16_seconds =
      device_seconds(stream_, [&] { flops = enqueue_bf16_products(sink, stream_); });
  peaks.bf16_gflops = flops / bf16_seconds * 1e-9;
  const double read_seconds = device_seconds(stream_, [&] {
    enqueue_reads(static_cast<const float*>(memory_->data()), kReadBytes / sizeof(float), sink,
                  stream_);
  });
  peaks.gbytes = double(kReadBytes) / read_seconds * 1e-9;
  return peaks;
}

void CudaDevice::describe(Report& report) {
  cudaDeviceProp properties;
  kernels::cuda_check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  report.gpu.name = properties.name;
  const auto launch_all = [&] {
    for (int i = 0; i < kLaunches; ++i) enqueue_nothing(stream_);
  };
  launch_all();
  backend_->synchronize();
  report.gpu.launch_seconds = device_seconds(stream_, launch_all) / kLaunches;
  const CudaGraph graph(stream_, launch_all);
  static_cast<void>(graph.seconds_per_replay(1));
  report.gpu.replayed_launch_seconds = graph.seconds_per_replay(kReplays) / kLaunches;
}

}  // namespace

Result<std::unique_ptr<Device>> make_cuda_device(const Options& options) {
  kernels::DeviceSpec spec{.kind = kernels::DeviceKind::kCuda};
  if (options.is_fast) spec.fast_products = kernels::FastProducts{};
  auto backend = kernels::make_backend(spec);
  if (!backend) return backend.error();
  return std::unique_ptr<Device>(std::make_unique<CudaDevice>(std::move(*backend)));
}

}  // namespace unmask::bench
