#include "kernels/cuda/upload_ring.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernels/cuda/cuda_check.h"

namespace unmask::kernels {
namespace {

constexpr std::size_t kPieceBytes = 4 << 20;  // at least; as large as what is sent at once

}  // namespace

std::byte* UploadRing::begin(std::size_t bytes) {
  Piece& piece = pieces_[next_];
  if (std::exchange(piece.is_on_its_way, false)) piece.arrived.wait();
  if (!piece.memory || piece.memory->size() < bytes) {
    piece.memory.reset();
    piece.memory = std::make_unique<PinnedMemory>(std::max(bytes, kPieceBytes));
  }
  return static_cast<std::byte*>(piece.memory->data());
}

void UploadRing::send(void* device, std::size_t bytes) {
  Piece& piece = pieces_[next_];
  next_ = (next_ + 1) % pieces_.size();
  cuda_check(cudaMemcpyAsync(device, piece.memory->data(), bytes, cudaMemcpyHostToDevice, stream_),
             "cudaMemcpyAsync");
  piece.arrived.record(stream_);
  piece.is_on_its_way = true;
}

void UploadRing::upload(void* device, const void* host, std::size_t bytes) {
  auto* to = static_cast<std::byte*>(device);
  const auto* from = static_cast<const std::byte*>(host);
  while (bytes > 0) {
    const std::size_t part = std::min(bytes, kPieceBytes);
    std::memcpy(begin(part), from, part);
    send(to, part);
    to += part;
    from += part;
    bytes -= part;
  }
}

}  // namespace unmask::kernels
