#pragma once

#include <memory>

#include "kernels/backend.h"
#include "model/network/batch.h"
#include "model/network/group.h"
#include "model/network/network.h"
#include "runtime/base/result.h"

namespace unmask::network {

/// The soft rows of iteration smoothing: what positions that may stay holes are read as next time.
///
///   row = embedding(mask) + weight * sum_v probability(v) * embedding(v)
///
/// The probabilities are the model's, whatever the rules of a job; every rank adds the part of the
/// ids that it holds and keeps all rows.
///
/// Source  dInfer's iteration smoothing (its H2Embed)
class SoftMixer {
 public:
  /// num_rows: of all sequences; 0: nothing is ever mixed, and takes no memory
  SoftMixer(kernels::Backend& backend, const Placement& placement, int hidden_size, int max_rows,
            int num_rows);

  /// All of them, for Embed; f32 [num_rows, hidden].
  [[nodiscard]] kernels::Tensor rows() const;

  /// Enqueues what rebuilds the rows that `batch` mixes. hidden: the residual stream of all rows of
  /// the batch.
  ///
  /// Errors  those of the group's collective
  Result<> mix(kernels::Tensor hidden, const Batch& batch, Network& network, Group& group);

  /// Device memory beside that of the rows.
  [[nodiscard]] static std::size_t scratch_bytes(const Placement& placement, int hidden_size,
                                                 int max_rows);

 private:
  /// Of each of the rows, what the whole vocabulary says.
  Result<const kernels::CandidateStats*> find_stats(kernels::Tensor normal, const Batch& batch,
                                                    LmHead& head, Group& group);

  kernels::Backend& backend_;
  const Placement placement_;
  const int hidden_size_;
  const int num_rows_;
  std::unique_ptr<kernels::Buffer> pool_;         // f32 [num_rows, hidden]
  std::unique_ptr<kernels::Buffer> sums_, part_;  // f32 [max_rows, hidden]
  std::unique_ptr<kernels::Buffer> stats_;        // [max_rows]
  std::unique_ptr<kernels::Buffer> no_rules_, rules_of_row_;
  std::unique_ptr<kernels::Buffer> part_stats_;  // [max_rows]; null if there is one rank
};

}  // namespace unmask::network
