#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace unmask::kernels {

/// What can be done about an error of a device.
enum class DeviceFault : std::uint8_t {
  kWork,      ///< of what it was given to do; a new process may succeed
  kMemory,    ///< it has less than was asked for; it works on
  kHardware,  ///< of the machine, and likely to come again
};

/// A device failed at the call that the message names. Its context cannot be used again, unless
/// fault() is kMemory.
class DeviceError : public std::runtime_error {
 public:
  explicit DeviceError(const std::string& what, DeviceFault fault = DeviceFault::kWork)
      : std::runtime_error(what), fault_(fault) {}

  [[nodiscard]] DeviceFault fault() const { return fault_; }

 private:
  DeviceFault fault_;
};

/// Of an error by the name that CUDA has for it, `cudaErrorECCUncorrectable`.
[[nodiscard]] inline DeviceFault fault_of(std::string_view cuda_error) {
  constexpr std::array<std::string_view, 6> kHardware{
      "cudaErrorECCUncorrectable", "cudaErrorNvlinkUncorrectable", "cudaErrorHardwareStackError",
      "cudaErrorContained",        "cudaErrorSystemNotReady",      "cudaErrorUnknown"};
  if (cuda_error == "cudaErrorMemoryAllocation") return DeviceFault::kMemory;
  return std::ranges::find(kHardware, cuda_error) != kHardware.end() ? DeviceFault::kHardware
                                                                     : DeviceFault::kWork;
}

/// That `call` failed with an error of CUDA, by its name and in its words.
[[nodiscard]] inline DeviceError failed_call(const std::string& call, const char* cuda_error,
                                             const char* description) {
  return DeviceError(call + ": " + description + " (" + cuda_error + ")", fault_of(cuda_error));
}

}  // namespace unmask::kernels
