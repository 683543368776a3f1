#include "kernels/cuda/device_memory.h"

#include <algorithm>
#include <string>

#include "kernels/cuda/cuda_check.h"

namespace unmask::kernels {

namespace {

std::string show_size(std::size_t bytes) {
  constexpr std::size_t kMiB = 1 << 20;
  return bytes < kMiB ? std::to_string(bytes) + " bytes" : std::to_string(bytes / kMiB) + " MiB";
}

DeviceError no_memory(std::size_t bytes) {
  int gpu = 0;
  std::size_t free_bytes = 0, total_bytes = 0;
  cudaGetLastError();  // it would be taken for that of a launch
  cuda_check(cudaGetDevice(&gpu), "cudaGetDevice");
  cuda_check(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
  return DeviceError("GPU " + std::to_string(gpu) + " has no room for " + show_size(bytes) +
                         " more: " + show_size(free_bytes) + " of " + show_size(total_bytes) +
                         " are free",
                     DeviceFault::kMemory);
}

}  // namespace

DeviceMemory::DeviceMemory(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  const cudaError_t status = cudaMalloc(&data_, bytes);
  if (status == cudaErrorMemoryAllocation) throw no_memory(bytes);
  cuda_check(status, "cudaMalloc");
}

DeviceMemory::~DeviceMemory() { cudaFree(data_); }

void* DeviceScratch::take_bytes(std::size_t bytes) {
  if (!memory_ || memory_->size() < bytes) {
    const std::size_t grown = memory_ ? memory_->size() + memory_->size() / 2 : 0;
    memory_.reset();
    memory_ = std::make_unique<DeviceMemory>(std::max(bytes, grown));
  }
  return memory_->data();
}

}  // namespace unmask::kernels
