/// The CUDA runtime API, as far as it is about which GPUs there are.

#include <cuda_runtime_api.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "emulation/device.h"
#include "emulation/gpu_settings.h"

namespace unmask::emulation {
namespace {

thread_local int t_gpu = 0;

template <typename T>
void read(const char* variable, T& value) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return;
  const std::string_view digits(text);
  const auto [rest, problem] = std::from_chars(text, text + digits.size(), value);
  if (problem != std::errc() || rest != text + digits.size()) {
    host_error(std::string(variable) + "=" + text + " is no number");
  }
}

bool has_driver() { return gpu_settings().driver_version >= CUDART_VERSION / 1000 * 1000; }

}  // namespace

const GpuSettings& gpu_settings() {
  static const GpuSettings settings = [] {
    GpuSettings read_settings{.driver_version = CUDART_VERSION};
    read("UNMASK_EMULATED_GPUS", read_settings.count);
    read("UNMASK_EMULATED_GPU_MEMORY", read_settings.memory);
    read("UNMASK_EMULATED_CAPABILITY", read_settings.capability);
    read("UNMASK_EMULATED_DRIVER", read_settings.driver_version);
    read("UNMASK_EMULATED_LINKED", read_settings.linked);
    return read_settings;
  }();
  return settings;
}

int current_gpu() { return t_gpu; }

}  // namespace unmask::emulation

using namespace unmask::emulation;

cudaError_t cudaDriverGetVersion(int* version) {
  return *version = gpu_settings().driver_version, cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) { return *version = CUDART_VERSION, cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  if (!has_driver()) return cudaErrorInsufficientDriver;
  if (gpu_settings().count == 0) return cudaErrorNoDevice;
  return *count = gpu_settings().count, cudaSuccess;
}
cudaError_t cudaSetDevice(int index) {
  if (!has_driver()) return cudaErrorInsufficientDriver;
  if (index < 0 || index >= gpu_settings().count) return cudaErrorInvalidDevice;
  return t_gpu = index, cudaSuccess;
}
cudaError_t cudaGetDevice(int* index) { return *index = t_gpu, cudaSuccess; }
cudaError_t cudaDeviceCanAccessPeer(int* can, int index, int peer) {
  for (const int gpu : {index, peer}) {
    if (gpu < 0 || gpu >= gpu_settings().count) return cudaErrorInvalidDevice;
  }
  const int linked = gpu_settings().linked;
  return *can = index != peer && index / linked == peer / linked, cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor:
      *value = gpu_settings().capability / 10;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = gpu_settings().capability % 10;
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = 2;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = 163 << 10;
      break;
    default:
      *value = 0;
  }
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int index) {
  if (index < 0 || index >= gpu_settings().count) return cudaErrorInvalidDevice;
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "emulated GPU");
  properties->major = gpu_settings().capability / 10;
  properties->minor = gpu_settings().capability % 10;
  properties->totalGlobalMem = gpu_settings().memory;
  return cudaSuccess;
}
