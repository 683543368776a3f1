#pragma once

#include <memory>
#include <vector>

#include "model/network/head_split.h"
#include "model/network/network.h"
#include "model/network/rope_tables.h"
#include "model/network/weight_loader.h"

namespace unmask {

/// LLaDA-MoE: pre-norm transformer, attention with normalised queries and keys, and a mixture of
/// SwiGLU experts in every layer.
///
///   x += o_proj(attention(rms_norm(x)));  x += sum_chosen weight * expert(rms_norm(x))
///
/// A worker holds a slice of the heads, of the experts and of the vocabulary; norms, router and
/// embeddings are everybody's.
///
/// Source  arXiv:2509.24389
class LladaMoe final : public Network {
 public:
  /// Errors  those of the checkpoint; kInvalidArgument if there is no way to share the vocabulary
  static Result<std::unique_ptr<LladaMoe>> load(WeightLoader& loader, const Placement& placement,
                                                int max_rows, int max_positions);

  [[nodiscard]] int kv_width() const override { return split_.kv_width(); }
  Result<kernels::Tensor> forward(const Batch& batch, const KvStore& kv, Group& group,
                                  ForwardObserver* observer) override;
  [[nodiscard]] kernels::Tensor embeddings() const override;
  [[nodiscard]] LmHead& head() override { return *head_; }

 private:
  struct Layer {
    std::unique_ptr<kernels::Buffer> input_norm, post_attention_norm;
    std::unique_ptr<kernels::Buffer> q_norm, k_norm;  // null: not normalised
    std::unique_ptr<kernels::PackedMatrix> qkv, o;    // null: no heads here
    std::unique_ptr<kernels::Buffer> router;          // f32 [num_experts, hidden]
    std::unique_ptr<kernels::PackedExperts> experts;
  };

  LladaMoe(WeightLoader& loader, const Placement& placement, int max_rows, int max_positions);

  void load_embeddings(WeightLoader& loader);
  Layer load_layer(WeightLoader& loader, int index);
  void load_attention(WeightLoader& loader, const std::string& prefix, Layer& layer);
  void load_experts(WeightLoader& loader, const std::string& prefix, Layer& layer);
  void load_head(WeightLoader& loader, int max_rows);
  Result<> attend(const Layer& layer, const Batch& batch, kernels::KvLayer kv, Group& group);
  Result<> mix_experts(const Layer& layer, int index, int num_rows, Group& group,
                       ForwardObserver* observer);
  [[nodiscard]] kernels::Tensor tensor(const std::unique_ptr<kernels::Buffer>& buffer, int rows,
                                       int cols) const;

  kernels::Backend& backend_;
  const ModelConfig config_;
  const Placement placement_;
  const HeadSplit split_;
  const Slice experts_;
  const kernels::DType dtype_;
  RopeTables rope_;
  std::unique_ptr<kernels::Buffer> kv_head_of_head_;
  std::unique_ptr<kernels::Buffer> embeddings_;
  std::vector<Layer> layers_;
  std::unique_ptr<LmHead> head_;

  // Activations, f32: the residual stream, its norm, a part of a sum over workers, and what the
  // parts are made of. `zeros_` is the part of a worker without heads.
  std::unique_ptr<kernels::Buffer> hidden_, normal_, part_, zeros_, qkv_, attended_;
  std::unique_ptr<kernels::Buffer> expert_ids_, expert_weights_;
};

}  // namespace unmask
