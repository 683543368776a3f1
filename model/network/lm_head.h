#pragma once

#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "model/network/batch.h"
#include "model/network/group.h"
#include "runtime/base/result.h"

namespace unmask::network {

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
  /// Of the statistics that are merged: a power of two.
  [[nodiscard]] std::size_t num_parts() const;
  /// stats_ = what all ranks' say together.
  Result<> merge_stats(int num_rows, Group& group);
  Result<std::vector<float>> gather_logits(const kernels::Buffer& part, int count, Group& group);
  /// Makes `buffer` anew if it is smaller, twice as large as asked for. Fails with the group.
  Result<> grow(std::unique_ptr<kernels::Buffer>& buffer, std::size_t bytes, Group& group);

  kernels::Backend& backend_;
  Weights weights_;
  const Placement placement_;
  const Slice tokens_;                              // held here
  std::unique_ptr<kernels::Buffer> rows_, normal_;  // [max_rows, hidden]
  std::unique_ptr<kernels::Buffer> stats_;          // [max_rows]
  std::unique_ptr<kernels::Buffer> present_;        // f32 [max_rows]
  std::unique_ptr<kernels::Buffer> listed_;         // f32; how many are listed has no bound
  std::unique_ptr<kernels::Buffer> all_stats_;      // [num_parts, max_rows]; null: one rank
  std::unique_ptr<kernels::Buffer> all_logits_;     // f32, as many as are wanted of all ranks
  std::vector<kernels::CandidateStats> nothing_;    // of the parts that are no rank's
};

}  // namespace unmask::network
