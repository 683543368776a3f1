#pragma once

#include <stdexcept>

namespace unmask::kernels {

/// A device failed at the call that the message names; its context cannot be used again.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace unmask::kernels
