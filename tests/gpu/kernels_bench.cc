/// Times the operations of a forward pass at the shapes of LLaDA-MoE-7B-A1B, on a GPU.
///
/// Prints microseconds per call, and GB/s of what has to be read. Weights, keys and values are
/// those of several layers in turn, so that they come from memory and not from the L2 cache.

#include <cuda_runtime_api.h>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "kernels/make_backend.h"

namespace unmask::kernels {
namespace {

constexpr int kHidden = 2048, kHeads = 16, kHeadDim = 128, kSlots = 4096, kLayers = 8;

/// A matrix of the same number everywhere, in device memory.
struct DeviceRows {
  std::unique_ptr<Buffer> buffer;
  Tensor view;

  DeviceRows(Backend& backend, DType dtype, int rows, int cols)
      : buffer(backend.allocate(std::size_t(rows) * std::size_t(cols) * size_of(dtype))),
        view{buffer->data(), dtype, rows, cols} {}
};

template <typename T>
std::unique_ptr<Buffer> to_device(Backend& backend, const std::vector<T>& values) {
  auto buffer = backend.allocate(values.size() * sizeof(T));
  backend.upload(buffer->data(), values.data(), values.size() * sizeof(T));
  return buffer;
}

void report(const char* name, int num_rows, double micros, double bytes) {
  std::printf("%-28s rows %4d %9.1f us %8.1f GB/s\n", name, num_rows, micros, bytes / micros / 1e3);
}

/// Microseconds per call, call(layer).
double time_of(Backend& backend, const std::function<void(int)>& call) {
  constexpr int kCalls = 48;
  for (int i = 0; i < kLayers; ++i) call(i);
  const auto stream = static_cast<cudaStream_t>(backend.stream().handle);
  cudaEvent_t start, stop;
  cudaEventCreate(&start);
  cudaEventCreate(&stop);
  cudaEventRecord(start, stream);
  for (int i = 0; i < kCalls; ++i) call(i % kLayers);
  cudaEventRecord(stop, stream);
  backend.synchronize();
  float millis = 0;
  cudaEventElapsedTime(&millis, start, stop);
  cudaEventDestroy(start);
  cudaEventDestroy(stop);
  return millis * 1e3 / kCalls;
}

std::unique_ptr<PackedMatrix> weights(Backend& backend, DType dtype, int rows, int cols,
                                      int num_ranks) {
  const std::vector<std::uint16_t> values(std::size_t(rows) * std::size_t(cols), 0x3c00);
  ShareOffsets shares = local_shares(cols, 0, num_ranks);
  if (num_ranks == 8) shares.offset[1] = cols;
  return backend.pack_matrix({{HostMatrix{values.data(), DType::kBF16, rows, cols, cols}}}, dtype,
                             shares);
}

void bench_linear(Backend& backend, int num_rows) {
  struct Shape {
    const char* name;
    int rows, num_ranks;
  };
  for (const Shape& shape :
       {Shape{"linear qkv, 8 shares", 3 * kHidden, 1}, Shape{"linear o, 8 shares", kHidden, 1},
        Shape{"linear lm_head, 1 share", 157184, 8}}) {
    for (const DType dtype : {DType::kBF16, DType::kF32}) {
      if (dtype == DType::kF32 && shape.rows > 10000) continue;
      const int num_layers = shape.rows > 10000 ? 1 : kLayers;
      std::vector<std::unique_ptr<PackedMatrix>> layers;
      for (int i = 0; i < num_layers; ++i) {
        layers.push_back(weights(backend, dtype, shape.rows, kHidden, shape.num_ranks));
      }
      const DeviceRows x(backend, DType::kF32, num_rows, kHidden);
      const DeviceRows out(backend, DType::kF32, num_rows, shape.rows);
      const double micros = time_of(backend, [&](int layer) {
        backend.run(Linear{
            .x = x.view, .weight = *layers[std::size_t(layer % num_layers)], .out = out.view});
      });
      const std::string name = std::string(shape.name) + (dtype == DType::kF32 ? " f32" : " bf16");
      report(name.c_str(), num_rows, micros, double(layers[0]->bytes()));
    }
  }
}

void bench_rows(Backend& backend, DType dtype, int num_rows) {
  const DeviceRows x(backend, dtype, num_rows, kHidden), out(backend, dtype, num_rows, kHidden);
  const DeviceRows parts(backend, dtype, 8 * num_rows, kHidden);
  const auto weight = to_device(backend, std::vector<float>(kHidden, 1.0f));
  const auto* const norm = static_cast<const float*>(weight->data());
  const double bytes = 2.0 * num_rows * kHidden * double(size_of(dtype));
  const auto name = [&](const char* operation) {
    return std::string(operation) + " " + name_of(dtype);
  };
  report(name("rms_norm").c_str(), num_rows,
         time_of(backend,
                 [&](int) {
                   backend.run(RmsNorm{.x = x.view, .weight = norm, .eps = 1e-5f, .out = out.view});
                 }),
         bytes);
  report(name("tree_add 8").c_str(), num_rows,
         time_of(backend,
                 [&](int) {
                   backend.run(TreeAdd{.x = x.view, .parts = parts.view.data, .num_parts = 8});
                 }),
         5 * bytes);
}

/// One sequence whose rows all see `num_keys` keys, in pages of 64.
struct OneSequence {
  std::unique_ptr<Buffer> row_offsets, run_offsets, runs, limits, kv_heads;

  OneSequence(Backend& backend, int num_rows, int num_keys) {
    std::vector<KvRun> pages;
    for (int i = 0; i < num_keys / 64; ++i) pages.push_back({64 * i, 64});
    std::vector<std::int32_t> heads;
    for (int i = 0; i < kHeads; ++i) heads.push_back(i);
    row_offsets = to_device(backend, std::vector<std::int32_t>{0, num_rows});
    run_offsets = to_device(backend, std::vector<std::int32_t>{0, std::int32_t(pages.size())});
    runs = to_device(backend, pages);
    limits = to_device(backend, std::vector<std::int32_t>(std::size_t(num_rows), num_keys));
    kv_heads = to_device(backend, heads);
  }

  [[nodiscard]] AttentionPlan plan() const {
    return {1,
            static_cast<const std::int32_t*>(row_offsets->data()),
            static_cast<const std::int32_t*>(run_offsets->data()),
            static_cast<const KvRun*>(runs->data()),
            static_cast<const std::int32_t*>(kv_heads->data()),
            static_cast<const std::int32_t*>(limits->data())};
  }
};

void bench_attention(Backend& backend, DType dtype, DType kv_dtype, int num_rows) {
  const HeadShape shape{kHeads, kHeads, kHeadDim};
  const DeviceRows qkv(backend, dtype, num_rows, 3 * kHidden),
      out(backend, dtype, num_rows, kHidden);
  std::vector<DeviceRows> keys, values;
  for (int i = 0; i < kLayers; ++i) {
    keys.emplace_back(backend, kv_dtype, kSlots, kHidden);
    values.emplace_back(backend, kv_dtype, kSlots, kHidden);
  }
  const auto kv = [&](int layer) {
    return KvLayer{keys[std::size_t(layer)].view, values[std::size_t(layer)].view};
  };
  const std::string types = std::string(name_of(dtype)) + "/" + name_of(kv_dtype);

  std::vector<std::int32_t> ascending;
  for (int i = 0; i < num_rows; ++i) ascending.push_back(i);
  const auto positions = to_device(backend, ascending);
  const auto* const rows = static_cast<const std::int32_t*>(positions->data());
  const auto angles = to_device(backend, std::vector<float>(std::size_t(num_rows) * 64, 0.5f));
  const auto* const table = static_cast<const float*>(angles->data());
  report(("qk_norm_rope_kv_write " + types).c_str(), num_rows,
         time_of(backend,
                 [&](int layer) {
                   backend.run(QkNormRopeKvWrite{.qkv = qkv.view,
                                                 .heads = shape,
                                                 .q_norm = table,
                                                 .k_norm = table,
                                                 .eps = 1e-5f,
                                                 .rope = {table, table, kHeadDim},
                                                 .positions = rows,
                                                 .slots = rows,
                                                 .kv = kv(layer)});
                 }),
         6.0 * num_rows * kHidden * double(size_of(dtype)));
  for (const int num_keys : {256, 1024, 4096}) {
    const OneSequence sequence(backend, num_rows, num_keys);
    report(("attention " + std::to_string(num_keys) + " " + types).c_str(), num_rows,
           time_of(backend,
                   [&](int layer) {
                     backend.run(Attention{.qkv = qkv.view,
                                           .heads = shape,
                                           .kv = kv(layer),
                                           .plan = sequence.plan(),
                                           .out = out.view});
                   }),
           2.0 * num_keys * kHidden * double(size_of(kv_dtype)));
  }
}

/// What the operations are measured against, and what weights take on their way from the host.
void bench_copies(Backend& backend) {
  constexpr std::size_t kBytes = std::size_t{1} << 28;
  std::vector<std::unique_ptr<Buffer>> from, to;
  for (int i = 0; i < kLayers; ++i) {
    from.push_back(backend.allocate(kBytes));
    to.push_back(backend.allocate(kBytes));
  }
  const auto stream = static_cast<cudaStream_t>(backend.stream().handle);
  report("copy within the memory", 1,
         time_of(backend,
                 [&](int layer) {
                   const auto i = std::size_t(layer);
                   cudaMemcpyAsync(to[i]->data(), from[i]->data(), kBytes, cudaMemcpyDeviceToDevice,
                                   stream);
                 }),
         2.0 * double(kBytes));
  void* pinned = nullptr;
  if (cudaMallocHost(&pinned, kBytes) != cudaSuccess) return;
  report("copy from pinned memory", 1,
         time_of(backend,
                 [&](int layer) {
                   cudaMemcpyAsync(to[std::size_t(layer)]->data(), pinned, kBytes,
                                   cudaMemcpyHostToDevice, stream);
                 }),
         double(kBytes));
  cudaFreeHost(pinned);
}

int run() {
  const auto made = make_backend({.kind = DeviceKind::kCuda});
  if (!made) {
    std::printf("%s\n", made.error().message.c_str());
    return 0;
  }
  Backend& backend = **made;
  cudaDeviceProp device{};
  cudaGetDeviceProperties(&device, 0);
  std::printf("%s\n", device.name);
  bench_copies(backend);
  for (const int num_rows : {32, 64, 128, 512}) {
    bench_linear(backend, num_rows);
    for (const DType dtype : {DType::kF32, DType::kBF16}) bench_rows(backend, dtype, num_rows);
    bench_attention(backend, DType::kF32, DType::kF32, num_rows);
    bench_attention(backend, DType::kF32, DType::kBF16, num_rows);
    bench_attention(backend, DType::kBF16, DType::kBF16, num_rows);
  }
  return 0;
}

}  // namespace
}  // namespace unmask::kernels

int main() { return unmask::kernels::run(); }
