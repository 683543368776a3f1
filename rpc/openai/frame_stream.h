/// Frames for who watches a canvas over HTTP. Only sources include this: Boost stays out of public
/// headers.

#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "actors/messages.h"
#include "runtime/actor/clock.h"

namespace unmask::rpc {

/// A viewer who has so much yet to read is behind: frames are for later ones then.
inline constexpr std::size_t kMaxUnsentFrameBytes = 64 << 10;

/// The frames of one job as one viewer gets them, each as what changed since the one before. One
/// that is left out, or was lost on its way here, costs nothing but itself.
class FrameStream {
 public:
  static constexpr std::chrono::milliseconds kInterval{33};  ///< at least, between two

  /// What to say at `now`: block, step, base, length, masked, full, changes. Nothing: the viewer
  /// is behind, or was told something just before, or knows all of it.
  [[nodiscard]] std::optional<boost::json::object> take(actors::Frame frame, Time now,
                                                        bool is_behind);
  /// The frame that waits, if one does: before the block that it led to is said.
  [[nodiscard]] std::optional<boost::json::object> flush();

 private:
  [[nodiscard]] std::optional<boost::json::object> say(const actors::Frame& frame);

  std::optional<std::int32_t> block_;      // of what follows
  std::vector<actors::Frame::Cell> told_;  // without their texts
  std::optional<actors::Frame> waiting_;
  std::optional<Time> last_;
};

}  // namespace unmask::rpc
