#pragma once

#include "rpc/collective/abort_flag.h"
#include "runtime/actor/clock.h"

namespace unmask::rpc {

/// The pauses between two looks at something that tells nobody when it is done, a device say: none
/// while it may come any moment, then naps so short that they do not show beside a forward.
class Pacer {
 public:
  /// flag: outlives this; raised, it ends the naps.
  explicit Pacer(const AbortFlag& flag) : flag_(flag), start_(SteadyClock().now()) {}

  void pause() const {
    if (elapsed() > kSpin) flag_.nap(kNap);
  }
  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return SteadyClock().now() - start_; }

 private:
  static constexpr std::chrono::microseconds kSpin{50};
  static constexpr std::chrono::microseconds kNap{50};

  const AbortFlag& flag_;
  const Time start_;
};

}  // namespace unmask::rpc
