#pragma once

#include <cstddef>

#include "kernels/backend.h"

namespace unmask::kernels {

/// Memory of the host that the GPU reads and writes, too, at the same address.
class PinnedMemory final : public Buffer {
 public:
  /// Throws DeviceError if there is not enough.
  explicit PinnedMemory(std::size_t bytes);
  ~PinnedMemory() override;
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;

  [[nodiscard]] void* data() const override { return data_; }
  [[nodiscard]] std::size_t size() const override { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
};

}  // namespace unmask::kernels
