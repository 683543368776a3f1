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
  std::vector<kernels::Drawn> drawn;  ///< empty if no sequence draws
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
  [[nodiscard]] const kernels::PackedMatrix& matrix() const { return *weights_.head; }

  /// The final norm of some rows of `hidden`, until the next call or decode().
  kernels::Tensor normal_rows(kernels::Tensor hidden, const std::int32_t* rows, int num_rows,
                              const std::int32_t* live_rows);

  /// out = what the `part`s of all ranks say together, of rows on the device; only if there are
  /// several.
  Result<> merge_stats(const kernels::CandidateStats* part, int num_rows,
                       const std::int32_t* live_rows, kernels::CandidateStats* out, Group& group);

  /// Logits of so many rows are in memory at once where tokens are drawn from them.
  static constexpr int kDrawnRows = 32;
  /// What that takes on a device.
  [[nodiscard]] static std::size_t draw_bytes(const Placement& placement, int vocab_size);

  /// Room for what is wanted of this batch; true if addresses have changed for it.
  ///
  /// Errors  those of Group::wait()
  Result<bool> make_room(const Batch& batch, Group& group);

  /// Enqueues what finds the candidates. hidden: the residual stream of all rows of the batch.
  Result<> decode(kernels::Tensor hidden, const Batch& batch, Group& group);

  /// What decode() found, once the device is done.
  [[nodiscard]] DecodedRows decoded(const Batch& batch) const;

  /// All logits of `hidden`'s rows, [rows, vocab_size], on every rank; for tools.
  Result<std::vector<float>> logits(kernels::Tensor hidden, Group& group);

 private:
  /// Where the answers to a batch are put, or one worker's part of them.
  struct Answers {
    kernels::CandidateStats* stats;  // [rows]
    kernels::Drawn* drawn;           // [rows]
    float* present;                  // [rows]
    float* listed;
  };

  [[nodiscard]] kernels::Tensor normalize(kernels::Tensor rows);
  /// Rows [first, first + normal.rows) of the decoded ones; logits: of all of them, or null.
  void find_candidates(kernels::Tensor normal, int first, const Batch& batch, float* logits,
                       Group& group);
  Result<> draw(int first, int num_rows, const Batch& batch, Group& group);
  void allocate_answers(int max_listed);
  [[nodiscard]] Answers answers_in(const kernels::Buffer& buffer) const;
  /// answers_ = what all ranks' parts say together.
  Result<> merge(const Answers& part, const Batch& batch, Group& group);
  Result<> merge_logits(const float* part, int count, float* out, Group& group);

  kernels::Backend& backend_;
  Weights weights_;
  const Placement placement_;
  const Slice tokens_;  // held here
  const int max_rows_;
  int max_listed_ = 0;
  std::unique_ptr<kernels::Buffer> rows_, normal_;  // [max_rows, hidden]
  std::unique_ptr<kernels::Buffer> answers_;        // shared with the host: an Answers
  std::unique_ptr<kernels::Buffer> logits_;         // f32 [kDrawnRows, most ids that a rank holds]
  // null if there is one rank:
  std::unique_ptr<kernels::Buffer> part_;            // this rank's Answers
  std::unique_ptr<kernels::Buffer> all_stats_;       // [num_ranks, max_rows]
  std::unique_ptr<kernels::Buffer> all_logits_;      // f32 [num_ranks, wanted of all rows]
  std::unique_ptr<kernels::Buffer> all_drawn_from_;  // logits_ of all ranks
};

}  // namespace unmask::network
