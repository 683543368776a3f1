#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace unmask::network {

/// Rows [first_row, ...) of a tensor of a forward, for tools: float32 or int32.
struct TensorRows {
  std::string name;  ///< as in the golden files: logits, hidden_0, router_ids_0, router_weights_0
  bool is_integer = false;
  std::int32_t first_row = 0;
  std::int32_t num_rows = 0;  ///< of the whole tensor
  std::int32_t num_cols = 0;
  std::vector<std::uint32_t> data;  ///< bit patterns, whole rows
};

}  // namespace unmask::network
