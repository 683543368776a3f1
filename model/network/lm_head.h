#pragma once

#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "model/network/batch.h"
#include "model/network/group.h"
#include "runtime/base/result.h"

namespace unmask {

/// What the whole vocabulary says of the decoded rows of a batch, on the host.
struct DecodedRows {
  std::vector<kernels::CandidateStats> stats;
  std::vector<float> present_logits;  ///< empty if not wanted
  std::vector<float> listed_logits;
};

/// The final norm and one worker's part of the vocabulary.
class LmHead {
 public:
  struct Weights {
    std::unique_ptr<kernels::Buffer> norm;  ///< f32 [hidden]
    std::unique_ptr<kernels::PackedMatrix> head;
    float eps = 0;
    int hidden_size = 0;
    int vocab_size = 0;
  };

  /// max_rows: of a batch.
  LmHead(kernels::Backend& backend, Weights weights, const Placement& placement, int max_rows);

  [[nodiscard]] int vocab_size() const { return weights_.vocab_size; }

  /// hidden: the residual stream of all rows of the batch.
  Result<DecodedRows> decode(kernels::Tensor hidden, const Batch& batch, Group& group);

  /// All logits of `hidden`'s rows, [rows, vocab_size], on every rank; for tools.
  Result<std::vector<float>> logits(kernels::Tensor hidden, Group& group);

 private:
  [[nodiscard]] kernels::Tensor normalize(kernels::Tensor rows);
  Result<std::vector<float>> gather_logits(kernels::Buffer& part, int count, Group& group);

  kernels::Backend& backend_;
  Weights weights_;
  const Placement placement_;
  const Slice tokens_;                              // held here
  std::unique_ptr<kernels::Buffer> rows_, normal_;  // f32 [max_rows, hidden]
};

}  // namespace unmask
