#include "emulation/faults.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "emulation/device.h"
#include "emulation/gpu_settings.h"

namespace unmask::emulation {
namespace {

FaultSettings::At read_fault(const char* variable, cudaError_t usual) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return {};
  unsigned long long number = 0;
  int error = usual;
  if (std::sscanf(text, "%llu:%d", &number, &error) < 1 || number == 0) {
    host_error(std::string(variable) + "=" + text + " is no N[:ERROR]");
  }
  return {number, cudaError_t(error)};
}

FaultSettings read_settings() {
  const auto text = [](const char* variable) {
    const char* const value = std::getenv(variable);
    return std::string(value == nullptr ? "" : value);
  };
  FaultSettings settings;
  settings.at = {read_fault("UNMASK_EMULATED_FAULT_MALLOC", cudaErrorMemoryAllocation),
                 read_fault("UNMASK_EMULATED_FAULT_LAUNCH", cudaErrorLaunchOutOfResources),
                 read_fault("UNMASK_EMULATED_FAULT_COPY", cudaErrorInvalidValue),
                 read_fault("UNMASK_EMULATED_FAULT_CAPTURE", cudaErrorStreamCaptureInvalidated),
                 read_fault("UNMASK_EMULATED_FAULT_INSTANTIATE", cudaErrorMemoryAllocation)};
  settings.sticky = read_fault("UNMASK_EMULATED_FAULT_STICKY", cudaErrorIllegalAddress);
  if (const std::string gpu = text("UNMASK_EMULATED_FAULT_GPU"); !gpu.empty()) {
    settings.gpu = std::atoi(gpu.c_str());
  }
  settings.once = text("UNMASK_EMULATED_FAULT_ONCE");
  return settings;
}

}  // namespace

cudaError_t Faults::next(FaultPoint point, int gpu) {
  if (settings_.gpu >= 0 && gpu != settings_.gpu) return cudaSuccess;
  if (const cudaError_t sticky = sticky_; sticky != cudaSuccess) return sticky;
  const FaultSettings::At& at = settings_.at[std::size_t(point)];
  const std::uint64_t number = ++num_of_[std::size_t(point)];
  const bool is_sticky = point == FaultPoint::kLaunch && settings_.sticky.number != 0 &&
                         number >= settings_.sticky.number;
  if (is_over_ || (!is_sticky && number != at.number)) return cudaSuccess;
  if (!settings_.once.empty() && !claim_fault(settings_.once)) {
    is_over_ = true;
    return cudaSuccess;
  }
  if (is_sticky) sticky_ = settings_.sticky.error;
  return is_sticky ? settings_.sticky.error : at.error;
}

bool claim_fault(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) ::close(file);
  return file >= 0;
}

cudaError_t next_fault(FaultPoint point) {
  static Faults faults(read_settings());
  return faults.next(point, current_gpu());
}

}  // namespace unmask::emulation
