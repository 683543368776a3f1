#pragma once

#include <cstdint>
#include <functional>

#include "actors/messages.h"
#include "runtime/cli/bench/request_record.h"

namespace unmask::cli {

/// What is heard of one request.
struct RequestEvents {
  /// A block came. positions: of the canvas that it has; 0: not known.
  std::function<void(std::int64_t positions)> on_block;
  /// Exactly once, the last call; never within begin().
  std::function<void(const RequestEnd& end)> on_end;
};

/// A server that a load is put on.
class LoadTarget {
 public:
  virtual ~LoadTarget() = default;

  virtual void begin(const actors::Submit& job, RequestEvents events) = 0;
  /// Ends the request early; its on_end is called all the same.
  virtual void cancel(JobId job) = 0;
};

}  // namespace unmask::cli
