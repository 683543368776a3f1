#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

#include "runtime/actor/clock.h"

namespace unmask::bench {

/// Time that passed, or time that this process was given by a busy machine.
class Stopwatch {
 public:
  enum class Kind : std::uint8_t { kWall, kProcessorPerThread };

  Stopwatch(Kind kind, int num_threads) : kind_(kind), num_threads_(num_threads) {}

  /// Since some fixed moment.
  [[nodiscard]] double seconds() const {
    if (kind_ == Kind::kWall) {
      return std::chrono::duration<double>(clock_.now().time_since_epoch()).count();
    }
    return double(std::clock()) / CLOCKS_PER_SEC / num_threads_;
  }

 private:
  Kind kind_;
  int num_threads_;
  SteadyClock clock_;
};

}  // namespace unmask::bench
