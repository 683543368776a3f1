/// Kernels that do nothing but what is measured; each enqueues on the stream.

#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace unmask::bench {

void enqueue_nothing(cudaStream_t stream);

/// Reads `count` floats, a multiple of 4, once. sink: a float that is not written to
void enqueue_reads(const float* from, std::size_t count, float* sink, cudaStream_t stream);

/// Fused multiply-adds of f32 in registers. Returns the operations.
double enqueue_f32_products(float* sink, cudaStream_t stream);

/// Products of bf16 on tensor cores, by the instruction that the kernels use. The same.
double enqueue_bf16_products(float* sink, cudaStream_t stream);

}  // namespace unmask::bench
