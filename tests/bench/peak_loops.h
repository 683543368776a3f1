#pragma once

#include <cstdint>

namespace unmask::bench {

/// Adds up products in registers; returns what it found, so that it cannot be left out.
struct FlopLoop {
  float (*run)(std::int64_t repeats) = nullptr;  ///< null: the machine has no such instruction
  int flops_per_repeat = 0;
};

/// Adds up `count` floats, a multiple of kReadMultiple.
using ReadLoop = float (*)(const float* from, std::int64_t count);
inline constexpr std::int64_t kReadMultiple = 64;

// The best of this machine.
FlopLoop f32_loop();
FlopLoop bf16_loop();  ///< products of bf16, added up in f32
ReadLoop read_loop();

}  // namespace unmask::bench
