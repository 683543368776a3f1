#pragma once

#include <cstdint>

namespace unmask::diffusion {

/// What a strategy may ask on entering a block.
struct BlockFacts {
  std::int32_t block_length = 1;  ///< of all blocks but, perhaps, the last
  std::int32_t gen_length = 1;    ///< of the job
};

}  // namespace unmask::diffusion
