/// The plain forward pass that golden traces are replayed with, apart from everything that is fast.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/step.h"
#include "runtime/base/result.h"

namespace unmask::golden {

/// LLaDA-MoE in float64, written from the tensor names, one position after the other.
///
/// Obeys a Window to the letter, and refuses to read a cached position that was never written. An
/// independent check of what a Window means; nothing here is shared with model/network.
class ReferenceEngine {
 public:
  explicit ReferenceEngine(const checkpoint::Checkpoint& checkpoint);

  /// Errors  kInternal if a window or its inputs contradict each other or the cache
  Result<StepResult> run(const Step& step);

 private:
  using Row = std::vector<double>;
  using Rows = std::map<std::int32_t, Row>;  // by position

  struct Matrix {
    std::vector<float> weights;
    std::int64_t rows = 0;
    std::int64_t cols = 0;

    [[nodiscard]] Row times(const Row& x) const;
  };
  struct Expert {
    Matrix gate, up, down;
  };
  struct Layer {
    std::vector<float> input_norm, post_attention_norm, q_norm, k_norm;
    Matrix q, k, v, o, router;
    std::vector<Expert> experts;
  };
  /// Of one layer and sequence.
  struct Cache {
    Rows keys, values;
  };

  Matrix load(const std::string& name, std::int64_t rows, std::int64_t cols) const;
  [[nodiscard]] Row rms_norm(const Row& x, const std::vector<float>& weight) const;
  void norm_and_turn_heads(Row& heads, const std::vector<float>& norm, std::int32_t position) const;
  Result<> attend(const Layer& layer, const SequenceStep& step, Cache& cache, Rows& hidden) const;
  [[nodiscard]] Row attention_of(const Row& query, const std::vector<const Row*>& keys,
                                 const std::vector<const Row*>& values) const;
  [[nodiscard]] Row mixture(const Layer& layer, const Row& x) const;
  [[nodiscard]] Row soft_row(const SequenceStep& step, const Row& hidden) const;
  void add_candidate(const SequenceStep& step, std::int32_t position, const Row& hidden,
                     CandidateColumns& columns) const;

  const checkpoint::Checkpoint& checkpoint_;
  const checkpoint::ModelConfig& config_;
  Matrix embedding_, head_;
  std::vector<float> final_norm_;
  std::vector<Layer> layers_;
  std::map<SequenceId, std::vector<Cache>> caches_;  // by layer
  std::map<SequenceId, Rows> soft_rows_;
};

}  // namespace unmask::golden
