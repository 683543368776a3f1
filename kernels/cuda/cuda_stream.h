#pragma once

struct CUstream_st;

namespace unmask::kernels {

/// A stream of one device, independent of all others.
class CudaStream {
 public:
  /// Makes `device` the current one of this thread.
  explicit CudaStream(int device);
  ~CudaStream();
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  [[nodiscard]] CUstream_st* get() const { return stream_; }

 private:
  CUstream_st* stream_ = nullptr;
};

}  // namespace unmask::kernels
