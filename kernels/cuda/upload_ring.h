#pragma once

#include <cstddef>

struct CUstream_st;

namespace unmask::kernels {

/// Pinned memory through which the host's bytes go to the device, in the order of a stream.
class UploadRing {
 public:
  explicit UploadRing(CUstream_st* stream);
  ~UploadRing();
  UploadRing(const UploadRing&) = delete;
  UploadRing& operator=(const UploadRing&) = delete;

  /// `host` has been read when this returns; what is later on the stream sees the bytes.
  ///
  /// Waits for the stream whenever the ring is full.
  void upload(void* device, const void* host, std::size_t bytes);

 private:
  CUstream_st* const stream_;
  std::byte* memory_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace unmask::kernels
