#pragma once

#include <cstddef>

#include "model/network/batch_shape.h"

namespace unmask::network {

/// Where the arrays of a batch begin, in words of 4 bytes from the start of its memory. It follows
/// from the shape alone; what varies within a shape stands behind.
struct BatchLayout {
  std::size_t live_rows = 0;  // of the rows, of those that are decoded, mixed, for the head
  std::size_t live_decoded = 1;
  std::size_t live_mixed = 2;
  std::size_t live_head = 3;
  std::size_t tokens = 0, positions = 0, slots = 0, key_limit = 0;  // [rows]
  std::size_t head_rows = 0, rules_of_row = 0, present = 0;         // [rows]
  std::size_t decoded_positions = 0;                                // [rows]
  std::size_t guidance_of_row = 0, guidance_scales = 0;             // [rows]
  std::size_t mixed_rows = 0, soft_rows_of = 0;                     // [rows]
  std::size_t mask_tokens = 0, mix_weights = 0;                     // [rows]
  std::size_t listed_offsets = 0;                                   // [rows + 1]
  std::size_t row_offsets = 0, run_offsets = 0;                     // [sequences + 1]
  std::size_t rules = 0;                                            // [sequences]
  std::size_t listed_tokens = 0;                                    // [listed]
  std::size_t rest = 0;  // runs of all sequences, then the ids of their rules
};

[[nodiscard]] BatchLayout layout_of(const BatchShape& shape);

}  // namespace unmask::network
