#pragma once

#include <cstdint>

namespace unmask::kernels {

/// How a token is drawn, and what its random numbers are a function of beside position and id.
struct DrawRules {
  std::uint64_t seed = 0;
  std::int32_t block = 0;
  std::int32_t decision = 0;  ///< of the block
  float temperature = 0;      ///< 0: nothing is drawn
  std::int32_t top_k = 0;     ///< 0: all
  float top_p = 1;            ///< 1: all
};

/// token -1: the row draws nothing.
struct Drawn {
  std::int32_t token = -1;
  float logit = 0;  ///< the model's
};

}  // namespace unmask::kernels
