#pragma once

#include <memory>
#include <vector>

#include "model/checkpoint/model_config.h"
#include "model/network/rope_tables.h"
#include "tests/bench/device_array.h"
#include "tests/bench/subject.h"

namespace unmask::bench {

/// One layer of a LLaDA-MoE with random weights: the operations of model/network/llada_moe.cc, in
/// its order. One sequence whose last rows are computed over the cache of the others.
class LayerSubject final : public Subject {
 public:
  static constexpr int kNumKeys = 512;

  /// max_rows: <= kNumKeys
  LayerSubject(kernels::Backend& backend, const checkpoint::ModelConfig& config,
               kernels::DType dtype, int max_rows);

  [[nodiscard]] std::string name() const override;
  void prepare(int num_rows) override;
  void forward() override;

 private:
  void pack(kernels::DType dtype);
  void attend();
  void mix_experts();
  [[nodiscard]] kernels::HeadShape heads() const;
  [[nodiscard]] kernels::Tensor rows_of(const DeviceArray<float>& array, int cols) const;

  kernels::Backend& backend_;
  const checkpoint::ModelConfig config_;
  const network::RopeTables rope_;
  std::unique_ptr<kernels::PackedMatrix> qkv_weights_, o_weights_;
  std::unique_ptr<kernels::PackedExperts> experts_;

  DeviceArray<float> norm_, head_norm_, router_, keys_, values_;
  DeviceArray<float> hidden_, normal_, qkv_, attended_, part_, sum_, expert_weights_;
  DeviceArray<std::int32_t> expert_ids_, kv_head_of_head_, key_limits_, run_offsets_;
  DeviceArray<kernels::KvRun> runs_;
  std::unique_ptr<DeviceArray<std::int32_t>> positions_, row_offsets_;
  int num_rows_ = 0;
};

}  // namespace unmask::bench
