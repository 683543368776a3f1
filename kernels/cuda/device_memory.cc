#include "kernels/cuda/device_memory.h"

#include <algorithm>

#include "kernels/cuda/cuda_check.h"

namespace unmask::kernels {

DeviceMemory::DeviceMemory(std::size_t bytes) : bytes_(bytes) {
  if (bytes > 0) cuda_check(cudaMalloc(&data_, bytes), "cudaMalloc");
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
