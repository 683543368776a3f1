/// The launchers behind CudaBackend, one .cu file per operation of kernels/ops, which says what
/// they compute. Each enqueues on `stream` and returns. The operation was checked.

#pragma once

#include <cuda_runtime_api.h>

#include <functional>

#include "kernels/backend.h"
#include "kernels/cuda/cuda_matrix.h"

namespace unmask::kernels {

void enqueue(const Embed& op, cudaStream_t stream);
void enqueue(const GatherRows& op, cudaStream_t stream);
void enqueue(const ScatterRows& op, cudaStream_t stream);
void enqueue(const GuideRows& op, cudaStream_t stream);
void enqueue(const DrawTokens& op, cudaStream_t stream);
void enqueue(const RmsNorm& op, cudaStream_t stream);
void enqueue(const QkNormRopeKvWrite& op, cudaStream_t stream);
void enqueue(const TreeAdd& op, cudaStream_t stream);
void enqueue(const MergeCandidates& op, cudaStream_t stream);
void enqueue(const MaxParts& op, cudaStream_t stream);

// scratch: scratch_bytes(op) of device memory, which later work on the stream may use again.
std::size_t scratch_bytes(const Linear& op);
void enqueue(const Linear& op, void* scratch, cudaStream_t stream);
std::size_t scratch_bytes(const Attention& op);
void enqueue(const Attention& op, void* scratch, cudaStream_t stream);
std::size_t scratch_bytes(const RouteTopk& op);
void enqueue(const RouteTopk& op, void* scratch, cudaStream_t stream);
std::size_t scratch_bytes(const Experts& op);
void enqueue(const Experts& op, void* scratch, cudaStream_t stream);
std::size_t scratch_bytes(const LmHeadCandidates& op);
void enqueue(const LmHeadCandidates& op, void* scratch, cudaStream_t stream);
std::size_t scratch_bytes(const MixEmbeddings& op);
void enqueue(const MixEmbeddings& op, void* scratch, cudaStream_t stream);

/// Logits that somebody else multiplies, `num_rows` rows at a time: no more than there are.
struct LogitPieces {
  int num_rows = 0;
  /// Enqueues the product of packed rows with the head. x: bf16 [num_rows, stride of the head];
  /// logits: f32 [num_rows, ids]
  std::function<void(const void* x, float* logits)> multiply{};
};

// The same by logits in memory. The head's weights are bf16, and there is an id.
std::size_t scratch_bytes(const LmHeadCandidates& op, const LogitPieces& pieces);
void enqueue(const LmHeadCandidates& op, const LogitPieces& pieces, void* scratch,
             cudaStream_t stream);

/// Rows as `weight` is multiplied with them: its dtype, its padded shares.
///
/// Shapes  x [n, cols of weight]; packed [n, stride of weight]
void pack_rows(Tensor x, const MatrixView& weight, void* packed, cudaStream_t stream);

/// silu(gate) * up of sums that come as ExpertShape has gate and up: eight of each in turn.
///
/// Shapes  sums f32 [n, 2 * width], width a multiple of 8, n > 0; activations bf16 [n, width]
void activate_mlp(Tensor sums, void* activations, cudaStream_t stream);

}  // namespace unmask::kernels
