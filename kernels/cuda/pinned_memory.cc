#include "kernels/cuda/pinned_memory.h"

#include <cstring>

#include "kernels/cuda/cuda_check.h"

namespace unmask::kernels {

PinnedMemory::PinnedMemory(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  cuda_check(cudaMallocHost(&data_, bytes), "cudaMallocHost");
  std::memset(data_, 0, bytes);
}

PinnedMemory::~PinnedMemory() { cudaFreeHost(data_); }

}  // namespace unmask::kernels
