#pragma once

#include <map>
#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "tests/bench/cost.h"
#include "tests/bench/stopwatch.h"

namespace unmask::bench {

/// A backend that books what each of its operations costs. Everything is done by `backend`, which
/// must outlive it, and is waited for.
class MeasuredBackend final : public kernels::Backend {
 public:
  MeasuredBackend(kernels::Backend& backend, Stopwatch stopwatch)
      : backend_(backend), stopwatch_(stopwatch) {}

  /// Calls work() as if this were `backend`.
  template <class Work>
  void pass(const Work& work) {
    is_passing_ = true;
    work();
    is_passing_ = false;
  }

  /// The cost of work(), which calls this backend; what it does beside that is `rest`.
  template <class Work>
  ForwardCost measure(const Work& work) {
    cost_ = {};
    const double begin = stopwatch_.seconds();
    work();
    backend_.synchronize();
    cost_.total.seconds = stopwatch_.seconds() - begin;
    add_up();
    return cost_;
  }

  [[nodiscard]] kernels::Stream stream() const override { return backend_.stream(); }
  void synchronize() override { backend_.synchronize(); }
  std::unique_ptr<kernels::Buffer> allocate(std::size_t bytes) override;
  void upload(void* device, const void* host, std::size_t bytes) override;
  void download(void* host, const void* device, std::size_t bytes) override;
  std::unique_ptr<kernels::PackedMatrix> pack_matrix(std::span<const kernels::HostMatrix> parts,
                                                     kernels::DType dtype,
                                                     kernels::ShareOffsets col_shares) override;
  std::unique_ptr<kernels::PackedExperts> pack_experts(
      std::span<const kernels::ExpertMatrices> experts, kernels::DType dtype,
      kernels::ShareOffsets shares) override;
  void embed(kernels::Tensor table, const std::int32_t* tokens, kernels::Tensor soft_rows,
             kernels::Tensor out) override;
  void rms_norm(kernels::Tensor x, const float* weight, float eps, kernels::Tensor out) override;
  void linear(kernels::Tensor x, const kernels::PackedMatrix& weight, kernels::Tensor out) override;
  void qk_norm_rope_kv_write(kernels::Tensor qkv, kernels::HeadShape heads, const float* q_norm,
                             const float* k_norm, float eps, kernels::Rope rope,
                             const std::int32_t* positions, const std::int32_t* slots,
                             kernels::KvLayer kv) override;
  void attention(kernels::Tensor qkv, kernels::HeadShape heads, kernels::KvLayer kv,
                 const kernels::AttentionPlan& plan, kernels::Tensor out) override;
  void route_topk(kernels::Tensor x, const float* router, int num_experts,
                  const kernels::Routing& routing, std::int32_t* expert_ids,
                  float* expert_weights) override;
  void experts(kernels::Tensor x, const kernels::PackedExperts& experts, int first_expert,
               int top_k, const std::int32_t* expert_ids, const float* expert_weights,
               kernels::Tensor out) override;
  void tree_add(kernels::Tensor x, const void* parts, int num_parts) override;
  void lm_head_candidates(kernels::Tensor x, const kernels::PackedMatrix& head,
                          kernels::ShareOffsets vocab_shares, std::int32_t first_token,
                          const CandidateQuery& query, kernels::CandidateStats* out) override;
  void merge_candidates(const kernels::CandidateStats* parts, int num_parts, int num_rows,
                        kernels::CandidateStats* out) override;
  void mix_embeddings(kernels::Tensor x, const kernels::PackedMatrix& head, kernels::Tensor table,
                      kernels::ShareOffsets vocab_shares, const float* log_sum_exp,
                      kernels::Tensor out) override;

 private:
  struct ExpertShape {
    int count = 0;
    double num_weights = 0;  // of one expert
  };

  template <class Work>
  void book(Part part, double flops, double bytes, const Work& work);
  void add_up();
  template <class T>
  std::vector<T> read(const T* values, std::size_t count);

  kernels::Backend& backend_;
  Stopwatch stopwatch_;
  std::map<const kernels::PackedExperts*, ExpertShape> shapes_;
  ForwardCost cost_;
  bool is_passing_ = false;
};

}  // namespace unmask::bench
