/// A step as the device sees it: one ragged batch of rows.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "model/cache/kv_pages.h"
#include "model/step.h"

namespace unmask::network {

/// The rows of all sequences, one after another. Pointers are to the device's memory and live until
/// the next batch is built.
struct Batch {
  int num_rows = 0;
  int num_decoded = 0;
  int num_listed = 0;
  const std::int32_t* tokens = nullptr;        // [num_rows]
  const std::int32_t* positions = nullptr;     // [num_rows]
  const std::int32_t* slots = nullptr;         // [num_rows]
  const std::int32_t* decoded_rows = nullptr;  // [num_decoded], ascending
  kernels::AttentionPlan attention;            // but for kv_head_of_head, which is the network's
  /// Of decoded rows; where results go is for the LM head to say.
  std::vector<kernels::LogitRules> rules;
  const std::int32_t* rules_of_row = nullptr;
  const std::int32_t* present = nullptr;         // null: not wanted by any sequence
  const std::int32_t* listed_offsets = nullptr;  // null: none listed
  const std::int32_t* listed_tokens = nullptr;
};

/// Assembles batches in one buffer on the device, with one upload each.
class BatchBuilder {
 public:
  explicit BatchBuilder(kernels::Backend& backend) : backend_(backend) {}

  /// Also places the sequences in `pages`. step: checked, by check_step() and KvPages::check().
  Batch build(const Step& step, cache::KvPages& pages);

 private:
  kernels::Backend& backend_;
  std::unique_ptr<kernels::Buffer> buffer_;
};

}  // namespace unmask::network
