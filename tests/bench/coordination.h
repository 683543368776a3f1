#pragma once

#include <vector>

#include "tests/bench/stopwatch.h"

namespace unmask::bench {

/// What the coordinator adds to every step of a batch: from the bytes of the workers' answer to
/// those of the next step.
struct Coordination {
  int num_sequences = 0;
  double seconds = 0;           ///< of the middle one of many steps
  double encoding_seconds = 0;  ///< the part of it in which messages are read and written
};

/// Times a real coordinator and the real codec; the workers are a script that is not timed. Every
/// sequence decodes a block of 32 holes, of which a forward decides one.
std::vector<Coordination> measure_coordination(const Stopwatch& stopwatch);

}  // namespace unmask::bench
