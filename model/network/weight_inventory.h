#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "runtime/base/result.h"

namespace unmask::network {

/// The tensors that a network of this shape is made of: all workers together take these, and
/// nothing else.
std::set<std::string> weight_names(const checkpoint::ModelConfig& config);

/// What of a checkpoint's tensors is used.
struct WeightInventory {
  std::int64_t num_parameters = 0;
  std::uint64_t num_bytes = 0;      ///< as they are stored
  std::vector<std::string> unused;  ///< names of those that change nothing
};

/// Each tensor of the checkpoint is a weight, or changes nothing: a table that is computed here,
/// or a copy of the embeddings where they are the head too.
///
/// Errors  kNotFound naming a weight that is missing; kInvalidArgument naming a tensor that is none
Result<WeightInventory> take_inventory(const checkpoint::Checkpoint& checkpoint);

}  // namespace unmask::network
