#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "kernels/cuda/cublas_lt.h"
#include "kernels/ops/experts.h"
#include "kernels/ops/linear.h"
#include "kernels/ops/lm_head_candidates.h"

namespace unmask::kernels {

/// Enqueues an operation whose products the library computes. scratch: library_bytes(op) of device
/// memory, which later work on the stream may use again.
void multiply(const Linear& op, const CublasProductList& products, void* scratch,
              cudaStream_t stream);
void multiply(const LmHeadCandidates& op, const CublasProductList& products, void* scratch,
              cudaStream_t stream);
/// Of an MLP packed in ExpertLayout::kRows.
void multiply(const Experts& op, const CublasProductList& products, void* scratch,
              cudaStream_t stream);

[[nodiscard]] std::size_t library_bytes(const Linear& op);
[[nodiscard]] std::size_t library_bytes(const LmHeadCandidates& op);
[[nodiscard]] std::size_t library_bytes(const Experts& op);

}  // namespace unmask::kernels
