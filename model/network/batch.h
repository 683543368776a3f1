/// A step as the device sees it: one ragged batch of rows.

#pragma once

#include <cstdint>
#include <memory>

#include "kernels/backend.h"
#include "model/cache/kv_pages.h"
#include "model/cache/soft_rows.h"
#include "model/network/batch_shape.h"
#include "model/step.h"

namespace unmask::network {

/// The rows of all sequences, one after another. Pointers are to the device's memory and live until
/// the next batch is built; those of batches with one `room` are the same.
struct Batch {
  BatchShape used;
  BatchShape room;  ///< what arrays have room for; as much as is used, unless the device records
  int num_decoded = 0;
  int num_guidance = 0;  ///< rows that decoded ones are guided by
  int num_mixed = 0;
  bool has_moved = false;  ///< addresses of earlier batches are void

  /// For Tensor::live_rows; null: as many as there is room for.
  const std::int32_t* live_rows = nullptr;
  const std::int32_t* live_decoded = nullptr;
  const std::int32_t* live_head = nullptr;
  const std::int32_t* live_mixed = nullptr;

  const std::int32_t* tokens = nullptr;  // [room.rows], as all that is per row; -1 - a soft row
  const std::int32_t* positions = nullptr;
  const std::int32_t* slots = nullptr;
  const std::int32_t* head_rows = nullptr;  // those that are decoded, ascending, then guidance
  kernels::AttentionPlan attention;         // but for kv_head_of_head, which is the network's
  /// Of decoded rows; where results go is for the LM head to say.
  const kernels::LogitRules* rules = nullptr;  // [room.sequences]
  const std::int32_t* rules_of_row = nullptr;
  const std::int32_t* decoded_positions = nullptr;  // null: no sequence draws its tokens
  const std::int32_t* guidance_of_row = nullptr;    // of head_rows, -1: none
  const float* guidance_scales = nullptr;
  const std::int32_t* present = nullptr;         // null: not wanted by any sequence
  const std::int32_t* listed_offsets = nullptr;  // null: none listed
  const std::int32_t* listed_tokens = nullptr;
  /// Of mixed rows: which they are, which soft rows they become, and what of.
  const std::int32_t* mixed_rows = nullptr;  // ascending
  const std::int32_t* soft_rows_of = nullptr;
  const std::int32_t* mask_tokens = nullptr;
  const float* mix_weights = nullptr;
  kernels::Tensor soft_rows;  ///< of all sequences, as before this batch

  /// Rows of decoded results.
  [[nodiscard]] int decoded_room() const { return room.decoded; }
  /// Rows that the LM head gathers: those, and the guidance behind them.
  [[nodiscard]] int head_room() const {
    if (num_guidance == 0) return room.decoded;
    return live_head != nullptr ? room.rows : num_decoded + num_guidance;
  }
  /// Rows that are mixed.
  [[nodiscard]] int mixed_room() const { return live_mixed != nullptr ? room.rows : num_mixed; }
};

/// Assembles batches in one place on the device, with one upload each.
class BatchBuilder {
 public:
  /// Room for steps of so many rows, and of keys in so many pages, is made at once; a step that
  /// asks for more of something else makes new room.
  /// counts_decoded: as of bucket_of()
  BatchBuilder(kernels::Backend& backend, int max_rows, int num_pages, bool counts_decoded);

  /// Also places the sequences in `pages` and `soft_rows`. The batch before must have been
  /// computed.
  ///
  /// step: checked, by check_step(), KvPages::check() and SoftRows::check()
  /// can_record: the batch is for a forward that is recorded, and has the room of its bucket
  Batch build(const Step& step, cache::KvPages& pages, cache::SoftRows& soft_rows, bool can_record);

  /// Device memory of a builder.
  [[nodiscard]] static std::size_t device_bytes(int max_rows, int num_pages);

 private:
  kernels::Backend& backend_;
  const int max_rows_;
  const bool counts_decoded_;
  std::unique_ptr<kernels::Buffer> staging_, arena_;  // shared with the host; the device's own
};

}  // namespace unmask::network
