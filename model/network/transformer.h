#pragma once

#include <memory>
#include <vector>

#include "model/network/head_split.h"
#include "model/network/network.h"
#include "model/network/rope_tables.h"
#include "model/network/tensor_names.h"
#include "model/network/weight_loader.h"

namespace unmask::network {

/// The pre-norm transformer that LLaDA, LLaDA-MoE and LLaDA2 are: attention, with normalised
/// queries and keys or not, then an MLP or a mixture of SwiGLU experts, with a shared expert or
/// not.
///
///   x += o_proj(attention(rms_norm(x)))
///   x += mlp(rms_norm(x))    or    x += sum_chosen weight * expert(rms_norm(x)) [+ shared(...)]
///
/// A worker holds a slice of the heads, of the experts, of the columns of MLPs and of the
/// vocabulary; norms, router and embeddings are everybody's.
///
/// Source  LLaDA, arXiv:2502.09992; LLaDA-MoE, arXiv:2509.24389; LLaDA2.0's technical report
class Transformer final : public Network {
 public:
  /// Errors  those of the checkpoint; kInvalidArgument if there is no way to share the vocabulary
  static Result<std::unique_ptr<Transformer>> load(WeightLoader& loader, const Placement& placement,
                                                   int max_rows, int max_positions);

  [[nodiscard]] int kv_width() const override { return split_.kv_width(); }
  Result<kernels::Tensor> forward(const Batch& batch, const cache::KvStore& kv, Group& group,
                                  ForwardObserver* observer) override;
  [[nodiscard]] LmHead& head() override { return *head_; }
  [[nodiscard]] kernels::Tensor embeddings() const override {
    return {embeddings_->data(), dtype_, config_.vocab_size, config_.hidden_size};
  }
  [[nodiscard]] std::vector<kernels::WeightUse> weight_uses() const override;

 private:
  struct MlpNames {
    std::string gate, up, down;
  };
  struct Layer {
    std::unique_ptr<kernels::Buffer> input_norm, post_attention_norm;
    std::unique_ptr<kernels::Buffer> q_norm, k_norm;  // null: not normalised
    std::unique_ptr<kernels::PackedMatrix> qkv, o;    // null: no heads here
    std::unique_ptr<kernels::Buffer> router;          // f32 [num_experts, hidden]; null: dense
    std::unique_ptr<kernels::Buffer> expert_bias;     // f32 [num_experts]; null: none
    std::unique_ptr<kernels::PackedExperts> experts;
    /// A dense layer's MLP, or the shared expert: kNumShares slices of its columns, of which every
    /// row takes all, with weight 1. null: none.
    std::unique_ptr<kernels::PackedExperts> mlp;
  };

  Transformer(WeightLoader& loader, const Placement& placement, int max_rows, int max_positions);

  void load_embeddings(WeightLoader& loader);
  Layer load_layer(WeightLoader& loader, int index);
  void load_attention(WeightLoader& loader, const std::string& prefix, Layer& layer);
  void load_experts(WeightLoader& loader, const std::string& prefix, Layer& layer);
  void load_mlp(WeightLoader& loader, const MlpNames& names, int width, Layer& layer);
  void load_head(WeightLoader& loader, int max_rows);
  Result<> attend(const Layer& layer, const Batch& batch, kernels::KvLayer kv, Group& group);
  void choose_all_slices(int max_rows);
  [[nodiscard]] kernels::Routing routing_of(const Layer& layer) const;
  Result<> feed_forward(const Layer& layer, int index, const Batch& batch, Group& group,
                        ForwardObserver* observer);
  [[nodiscard]] kernels::Tensor tensor(const std::unique_ptr<kernels::Buffer>& buffer,
                                       const Batch& batch, int cols) const;
  [[nodiscard]] kernels::Tensor operand(const std::unique_ptr<kernels::Buffer>& buffer,
                                        const Batch& batch, int cols) const;

  kernels::Backend& backend_;
  const checkpoint::ModelConfig config_;
  const TensorNames names_;
  const Placement placement_;
  const HeadSplit split_;
  const Slice experts_;
  const Slice mlp_slices_;              ///< of kNumShares
  const kernels::DType dtype_;          ///< of weights
  const kernels::DType rows_dtype_;     ///< of activations
  const kernels::DType operand_dtype_;  ///< of those that a Linear alone reads
  RopeTables rope_;
  std::unique_ptr<kernels::Buffer> kv_head_of_head_;
  std::unique_ptr<kernels::Buffer> embeddings_;
  std::vector<Layer> layers_;
  std::unique_ptr<LmHead> head_;

  // Activations: the residual stream, its norm, a part of a sum over workers, and what the
  // parts are made of. `zeros_` is the part of a worker without heads.
  std::unique_ptr<kernels::Buffer> hidden_, normal_, part_, zeros_, qkv_, attended_;
  std::unique_ptr<kernels::Buffer> expert_ids_, expert_weights_;
  std::unique_ptr<kernels::Buffer> slice_ids_, slice_weights_;  // [max_rows, kNumShares]: all, 1
};

}  // namespace unmask::network
