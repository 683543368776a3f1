#include "kernels/cuda/upload_ring.h"

#include <algorithm>
#include <cstring>

#include "kernels/cuda/cuda_check.h"

namespace unmask::kernels {
namespace {

constexpr std::size_t kRingBytes = 4 << 20;

}  // namespace

UploadRing::UploadRing(CUstream_st* stream) : stream_(stream) {
  void* memory = nullptr;
  cuda_check(cudaMallocHost(&memory, kRingBytes), "cudaMallocHost");
  memory_ = static_cast<std::byte*>(memory);
}

UploadRing::~UploadRing() { cudaFreeHost(memory_); }

void UploadRing::upload(void* device, const void* host, std::size_t bytes) {
  auto* to = static_cast<std::byte*>(device);
  const auto* from = static_cast<const std::byte*>(host);
  while (bytes > 0) {
    if (used_ == kRingBytes) {
      cuda_check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
      used_ = 0;
    }
    const std::size_t part = std::min(bytes, kRingBytes - used_);
    std::memcpy(memory_ + used_, from, part);
    cuda_check(cudaMemcpyAsync(to, memory_ + used_, part, cudaMemcpyHostToDevice, stream_),
               "cudaMemcpyAsync");
    used_ += part;
    to += part;
    from += part;
    bytes -= part;
  }
}

}  // namespace unmask::kernels
