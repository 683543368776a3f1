/// Where a config.json says how positions turn heads. Only sources include this.

#pragma once

#include <optional>

#include "model/checkpoint/config_reader.h"

namespace unmask::checkpoint {

struct RopeConfig {
  std::optional<double> theta;
  std::optional<double> partial_factor;  ///< of a head's dimensions, in (0, 1]
};

/// From the keys themselves, from `rope_parameters` (transformers 5 writes both there) and from a
/// `rope_scaling` that scales nothing. It is an error if two places differ, or if a place asks for
/// more than plain RoPE.
RopeConfig read_rope(ConfigReader& reader);

}  // namespace unmask::checkpoint
