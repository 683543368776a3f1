#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/cuda/alike.h"
#include "kernels/cuda/cublas_lt.h"
#include "kernels/cuda/device_memory.h"
#include "kernels/cuda/pinned_memory.h"
#include "kernels/cuda/scratch_parts.h"
#include "kernels/ops/lm_head_candidates.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// What a trial multiplies: rows of small numbers, which cost as much as others.
class CublasTrial {
 public:
  CublasTrial(const Alike& group, int rows, DeviceScratch& scratch, cudaStream_t stream);

  [[nodiscard]] double own_micros() const;
  [[nodiscard]] double library_micros(const CublasProductList& products) const;

 private:
  static constexpr std::size_t kPlaceAlignment = 256;

  [[nodiscard]] std::size_t x_bytes() const {
    return std::size_t(x_.rows) * std::size_t(x_.cols) * size_of(x_.dtype);
  }
  void place(ScratchParts& parts);
  void fill();
  /// call(op) with the operation on the i-th weights.
  template <typename Call>
  void with_op(int i, const Call& call) const;
  template <typename Enqueue>
  [[nodiscard]] double micros(const Enqueue& enqueue_op) const;

  const Alike& group_;
  cudaStream_t stream_;
  Tensor x_, out_;
  CandidateStats* stats_ = nullptr;
  LogitRules* rules_ = nullptr;
  std::int32_t* rules_of_row_ = nullptr;
  std::unique_ptr<PinnedMemory> all_slices_;  // on the host; null: no MLP
  std::int32_t* slice_ids_ = nullptr;         // [rows, kNumShares]
  float* slice_weights_ = nullptr;
  std::byte* op_scratch_ = nullptr;
};

}  // namespace unmask::kernels
