#pragma once

#include <string>

namespace unmask::bench {

/// A whole forward as a worker runs it: all that the host does, replayed if the device can.
struct ForwardRun {
  std::string model;
  std::string weights;   ///< bf16
  std::string numerics;  ///< exact or fast
  int num_keys = 0;      ///< of the canvas, the rows among them
  int num_rows = 0;
  int num_runs = 0;
  double seconds = 0;  ///< the least
  double bytes = 0;    ///< that have to be read: weights, those of chosen experts only, and keys
  double gbytes = 0;   ///< that the memory delivered a second, in the same run

  /// The bytes' floor.
  [[nodiscard]] double floor_seconds() const { return gbytes > 0 ? bytes / gbytes * 1e-9 : 0; }
  [[nodiscard]] double over_floor() const {
    return floor_seconds() > 0 ? seconds / floor_seconds() : 0;
  }
};

}  // namespace unmask::bench
