#include "kernels/cuda/device.h"
#include "kernels/cuda/ptx.h"
#include "tests/bench/cuda/peak_kernels.h"

namespace unmask::bench {
namespace {

constexpr int kThreads = 256, kBlocks = 2112;  // 16 for each of an H100's multiprocessors
constexpr int kRepeats = 1024, kSums = 8;

__global__ void nothing_kernel() {}

__global__ void read_kernel(const float4* from, std::size_t count, float* sink) {
  const std::size_t stride = std::size_t(gridDim.x) * kThreads;
  float sum = 0.0f;
#pragma unroll 8
  for (std::size_t i = std::size_t(blockIdx.x) * kThreads + threadIdx.x; i < count; i += stride) {
    const float4 x = from[i];
    sum += x.x + x.y + x.z + x.w;
  }
  if (sum == -1.0f) *sink = sum;  // never, as the compiler does not know
}

__global__ void f32_kernel(float* sink) {
  float sums[kSums] = {};
  const float x = float(threadIdx.x) * 1e-6f;
  for (int i = 0; i < kRepeats; ++i) {
#pragma unroll
    for (float& sum : sums) sum = fmaf(sum, x, 1.0f);
  }
  float total = 0.0f;
  for (const float sum : sums) total += sum;
  if (total == -1.0f) *sink = total;
}

__global__ void bf16_kernel(float* sink) {
  float sums[kSums][4] = {};
  const std::uint32_t a[4] = {threadIdx.x, 1u, 2u, 3u}, b[2] = {threadIdx.x, 4u};
  for (int i = 0; i < kRepeats; ++i) {
#pragma unroll
    for (auto& sum : sums) kernels::mma_m16n8k16(sum, a, b);
  }
  float total = 0.0f;
  for (const auto& sum : sums) total += sum[0];
  if (total == -1.0f) *sink = total;
}

}  // namespace

void enqueue_nothing(cudaStream_t stream) {
  kernels::launch(nothing_kernel, {dim3(1), dim3(32), 0, stream});
}

void enqueue_reads(const float* from, std::size_t count, float* sink, cudaStream_t stream) {
  kernels::launch(read_kernel, {dim3(kBlocks), dim3(kThreads), 0, stream},
                  reinterpret_cast<const float4*>(from), count / 4, sink);
}

double enqueue_f32_products(float* sink, cudaStream_t stream) {
  kernels::launch(f32_kernel, {dim3(kBlocks), dim3(kThreads), 0, stream}, sink);
  return 2.0 * kBlocks * kThreads * kRepeats * kSums;
}

double enqueue_bf16_products(float* sink, cudaStream_t stream) {
  kernels::launch(bf16_kernel, {dim3(kBlocks), dim3(kThreads), 0, stream}, sink);
  constexpr double kPerInstruction = 2.0 * 16 * 8 * 16;  // of a warp
  return kPerInstruction * kBlocks * (kThreads / kernels::kWarpSize) * kRepeats * kSums;
}

}  // namespace unmask::bench
