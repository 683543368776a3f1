#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"

namespace unmask::network {

/// The tensors that a network of this shape is made of, as they are stored: all workers together
/// take these, and nothing else.
std::map<std::string, std::vector<std::int64_t>> weight_shapes(
    const checkpoint::ModelConfig& config);

/// A sentence for each of these tensors that is missing, or has another shape or a dtype that is
/// not read. No matrix is read for it.
std::vector<std::string> wrong_weights(const checkpoint::Checkpoint& checkpoint);

}  // namespace unmask::network
