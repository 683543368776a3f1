#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cuda/cuda_stream.h"
#include "kernels/cuda/device_memory.h"
#include "kernels/cuda/upload_ring.h"

namespace unmask::kernels {

/// An NVIDIA GPU as a device, and one stream on it. Throws DeviceError where CUDA fails.
///
/// Rows are rounded to bf16 where the weights are; sums are f32. What an operation gets is in
/// device memory and not looked at before it runs: positions, slots, runs and ids must be valid.
/// Used by one thread at a time.
class CudaBackend final : public Backend {
 public:
  struct Options {
    int device = 0;  ///< index among those that CUDA sees
  };

  /// How many GPUs there are; 0 also where there is no driver.
  [[nodiscard]] static int num_devices();

  explicit CudaBackend(Options options);
  ~CudaBackend() override;

  [[nodiscard]] Stream stream() const override { return {stream_.get()}; }
  void synchronize() override;

  [[nodiscard]] std::unique_ptr<Buffer> allocate(std::size_t bytes) override;
  void upload(void* device, const void* host, std::size_t bytes) override;
  /// Waits for what is enqueued, and for the copy.
  void download(void* host, const void* device, std::size_t bytes) override;

  [[nodiscard]] std::unique_ptr<PackedMatrix> pack_matrix(std::span<const HostMatrix> parts,
                                                          DType dtype,
                                                          ShareOffsets col_shares) override;
  [[nodiscard]] std::unique_ptr<PackedExperts> pack_experts(std::span<const ExpertMatrices> experts,
                                                            DType dtype,
                                                            ShareOffsets shares) override;

  void embed(Tensor table, const std::int32_t* tokens, Tensor soft_rows, Tensor out) override;
  void rms_norm(Tensor x, const float* weight, float eps, Tensor out) override;
  void linear(Tensor x, const PackedMatrix& weight, Tensor out) override;
  void qk_norm_rope_kv_write(Tensor qkv, HeadShape heads, const float* q_norm, const float* k_norm,
                             float eps, Rope rope, const std::int32_t* positions,
                             const std::int32_t* slots, KvLayer kv) override;
  void attention(Tensor qkv, HeadShape heads, KvLayer kv, const AttentionPlan& plan,
                 Tensor out) override;
  void route_topk(Tensor x, const float* router, int num_experts, const Routing& routing,
                  std::int32_t* expert_ids, float* expert_weights) override;
  void experts(Tensor x, const PackedExperts& experts, int first_expert, int top_k,
               const std::int32_t* expert_ids, const float* expert_weights, Tensor out) override;
  void tree_add(Tensor x, const void* parts, int num_parts) override;
  void lm_head_candidates(Tensor x, const PackedMatrix& head, ShareOffsets vocab_shares,
                          std::int32_t first_token, const CandidateQuery& query,
                          CandidateStats* out) override;
  void merge_candidates(const CandidateStats* parts, int num_parts, int num_rows,
                        CandidateStats* out) override;
  void mix_embeddings(Tensor x, const PackedMatrix& head, Tensor table, ShareOffsets vocab_shares,
                      const float* log_sum_exp, Tensor out) override;

 private:
  /// The stream, its device being this thread's current one.
  CUstream_st* queue() const;

  const int device_;
  CudaStream stream_;
  UploadRing ring_;
  DeviceScratch packed_rows_, partial_sums_;
};

}  // namespace unmask::kernels
