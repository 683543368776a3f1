/// The launchers behind CudaBackend, one .cu file per operation of kernels/backend.h, which says
/// what they compute. Each enqueues on `stream` and returns. Shapes are the caller's to check.

#pragma once

#include <cuda_runtime_api.h>

#include "kernels/backend.h"
#include "kernels/cuda/cuda_experts.h"
#include "kernels/cuda/cuda_matrix.h"

namespace unmask::kernels {

void embed(Tensor table, const std::int32_t* tokens, Tensor soft_rows, Tensor out,
           cudaStream_t stream);

void rms_norm(Tensor x, const float* weight, float eps, Tensor out, cudaStream_t stream);

void tree_add(Tensor x, const void* parts, int num_parts, cudaStream_t stream);

void qk_norm_rope_kv_write(Tensor qkv, HeadShape heads, const float* q_norm, const float* k_norm,
                           float eps, Rope rope, const std::int32_t* positions,
                           const std::int32_t* slots, KvLayer kv, cudaStream_t stream);

/// Rows as `weight` is multiplied with them: its dtype, its padded shares.
///
/// Shapes  x [n, cols of weight]; packed [n, stride of weight]
void pack_rows(Tensor x, const MatrixView& weight, void* packed, cudaStream_t stream);

/// out = x * weight^T of packed rows, a tree over weight's column shares.
///
/// Shapes  x [n, stride of weight], aligned to 16 bytes; partial_sums f32 [shares, n, rows of
///         weight], used if those are f32 and there is more than one share; out [n, rows of weight]
void multiply_rows(const void* x, const MatrixView& weight, float* partial_sums, Tensor out,
                   cudaStream_t stream);

/// The keys of a sequence are dealt to this many sums, which are put together in the end.
inline constexpr int kAttentionSplits = 8;
inline constexpr int kMaxHeadDim = 256;

/// What `attention` needs as scratch.
std::size_t attention_scratch_floats(int num_rows, HeadShape heads);
void attention(Tensor qkv, HeadShape heads, KvLayer kv, const AttentionPlan& plan, float* scratch,
               Tensor out, cudaStream_t stream);

/// logits: scratch, [x.rows, num_experts]
void route_topk(Tensor x, const float* router, int num_experts, const Routing& routing,
                float* logits, std::int32_t* expert_ids, float* expert_weights,
                cudaStream_t stream);

std::size_t experts_scratch_bytes(const ExpertsView& experts, int num_rows, int top_k);
void experts(Tensor x, const ExpertsView& experts, int first_expert, int top_k,
             const std::int32_t* expert_ids, const float* expert_weights, Tensor out, void* scratch,
             cudaStream_t stream);

std::size_t lm_head_scratch_bytes(const MatrixView& head, const ShareOffsets& vocab_shares,
                                  int num_rows, std::size_t num_rules);
void lm_head_candidates(Tensor x, const MatrixView& head, const ShareOffsets& vocab_shares,
                        std::int32_t first_token, const Backend::CandidateQuery& query,
                        CandidateStats* out, void* scratch, cudaStream_t stream);

void merge_candidates(const CandidateStats* parts, int num_parts, int num_rows, CandidateStats* out,
                      cudaStream_t stream);

std::size_t mix_scratch_bytes(const MatrixView& head, const ShareOffsets& vocab_shares,
                              int num_rows, int table_cols);
void mix_embeddings(Tensor x, const MatrixView& head, Tensor table,
                    const ShareOffsets& vocab_shares, const float* log_sum_exp, Tensor out,
                    void* scratch, cudaStream_t stream);

}  // namespace unmask::kernels
