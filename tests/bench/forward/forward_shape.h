#pragma once

#include <string>
#include <vector>

namespace unmask::bench {

/// A model as far as its speed goes, and what is measured of it.
struct ForwardShape {
  std::string name;
  std::string config_json;
  std::vector<int> keys;  ///< lengths of canvases, ascending
  std::vector<int> rows;  ///< computed in a forward, ascending; at most the least of `keys`
};

/// LLaDA-MoE-7B-A1B and LLaDA-8B, or models of their kinds that a test has time for.
[[nodiscard]] std::vector<ForwardShape> forward_shapes(bool are_small);

}  // namespace unmask::bench
