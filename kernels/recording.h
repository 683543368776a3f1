#pragma once

namespace unmask::kernels {

/// What was enqueued on a backend once, to be enqueued as often as wanted: the same operations on
/// the same addresses, whatever stands there then.
class Recording {
 public:
  virtual ~Recording() = default;
};

}  // namespace unmask::kernels
