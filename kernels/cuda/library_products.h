#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <span>

#include "kernels/backend.h"
#include "kernels/cuda/device_memory.h"

namespace unmask::kernels {

/// Products that a library computes, where it was measured to be faster than own kernels.
///
/// Rows of its results depend on how many rows there is room for, and so on the batch. Nothing
/// that all ranks of a group compute alike may come here, or ranks that measured differently would
/// go apart. Nothing does: router, norms and embeddings are other operations; qkv and o are a
/// rank's own heads and an MLP's slices its own columns, whose sums all ranks get from one
/// all-reduce; the head is a rank's own part of the vocabulary, whose candidates all ranks merge
/// alike. So each rank may choose for itself.
class LibraryProducts {
 public:
  virtual ~LibraryProducts() = default;

  /// Chooses for each of `uses` at each number of rows, as measured now or at an earlier start.
  /// Enqueues and waits; takes what it needs from `scratch`.
  virtual ProductReport choose(std::span<const WeightUse> uses, std::span<const int> row_counts,
                               DeviceScratch& scratch, cudaStream_t stream) = 0;

  [[nodiscard]] virtual bool computes(const Linear& op) const = 0;
  [[nodiscard]] virtual bool computes(const LmHeadCandidates& op) const = 0;
  [[nodiscard]] virtual bool computes(const Experts& op) const = 0;

  // Of operations that it computes; as those of kernels.h.
  [[nodiscard]] virtual std::size_t scratch_bytes(const Linear& op) const = 0;
  [[nodiscard]] virtual std::size_t scratch_bytes(const LmHeadCandidates& op) const = 0;
  [[nodiscard]] virtual std::size_t scratch_bytes(const Experts& op) const = 0;
  /// Rows of the result that are not there, but for which there is room, are written too: each is
  /// made of the same row of x alone, whatever that holds, and nobody reads it.
  virtual void enqueue(const Linear& op, void* scratch, cudaStream_t stream) const = 0;
  virtual void enqueue(const LmHeadCandidates& op, void* scratch, cudaStream_t stream) const = 0;
  virtual void enqueue(const Experts& op, void* scratch, cudaStream_t stream) const = 0;
};

/// Of this thread's current device, which `device` is. The library is loaded by choose(), if there
/// is something to choose.
///
/// A program built without cuBLASLt's header has no_library_products.cc instead.
[[nodiscard]] std::unique_ptr<LibraryProducts> make_library_products(FastProducts options,
                                                                     int device);

}  // namespace unmask::kernels
