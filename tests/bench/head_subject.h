#pragma once

#include <memory>

#include "model/checkpoint/model_config.h"
#include "tests/bench/device_array.h"
#include "tests/bench/subject.h"

namespace unmask::bench {

/// The final norm and the LM head of a LLaDA-MoE with random weights, every row decoded.
class HeadSubject final : public Subject {
 public:
  HeadSubject(kernels::Backend& backend, const checkpoint::ModelConfig& config,
              kernels::DType dtype, int max_rows);

  [[nodiscard]] std::string name() const override { return "the LM head of LLaDA-MoE-7B"; }
  void prepare(int num_rows) override { num_rows_ = num_rows; }
  void forward() override;

 private:
  kernels::Backend& backend_;
  const checkpoint::ModelConfig config_;
  std::unique_ptr<kernels::PackedMatrix> head_;
  DeviceArray<float> norm_, hidden_, normal_;
  DeviceArray<kernels::LogitRules> rules_;
  DeviceArray<std::int32_t> rules_of_row_;
  DeviceArray<kernels::CandidateStats> stats_;
  int num_rows_ = 0;
};

}  // namespace unmask::bench
