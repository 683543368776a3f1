#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "kernels/cuda/cuda_event.h"
#include "kernels/cuda/pinned_memory.h"

struct CUstream_st;

namespace unmask::kernels {

/// Pinned memory through which the host's bytes go to the device, in the order of a stream: one
/// piece is filled while the one before it is copied.
class UploadRing {
 public:
  explicit UploadRing(CUstream_st* stream) : stream_(stream) {}

  /// Room for `bytes`, to be filled and sent. Waits until what was sent from there has arrived.
  std::byte* begin(std::size_t bytes);
  /// Enqueues the copy of the first `bytes` of what begin() gave.
  void send(void* device, std::size_t bytes);

  /// `host` has been read when this returns; what is later on the stream sees the bytes.
  void upload(void* device, const void* host, std::size_t bytes);

 private:
  struct Piece {
    std::unique_ptr<PinnedMemory> memory;
    CudaEvent arrived;
    bool is_on_its_way = false;
  };

  CUstream_st* const stream_;
  std::array<Piece, 2> pieces_;
  std::size_t next_ = 0;
};

}  // namespace unmask::kernels
