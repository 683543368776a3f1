#pragma once

#include <cstddef>

#include "kernels/backend.h"

namespace unmask::kernels {

/// A block of device memory; its content is undefined.
class DeviceMemory final : public Buffer {
 public:
  /// Of this thread's current device. Throws DeviceError if there is not enough.
  explicit DeviceMemory(std::size_t bytes);
  ~DeviceMemory() override;
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  [[nodiscard]] void* data() const override { return data_; }
  [[nodiscard]] std::size_t size() const override { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
};

/// Device memory that operations use for a while; grows to what the largest one takes.
class DeviceScratch {
 public:
  /// At least `bytes`, of undefined content; void at the next call.
  ///
  /// Memory that grows is freed, which waits for all work enqueued on it.
  template <typename T>
  T* take(std::size_t count) {
    return static_cast<T*>(take_bytes(count * sizeof(T)));
  }

 private:
  void* take_bytes(std::size_t bytes);

  std::unique_ptr<DeviceMemory> memory_;
};

}  // namespace unmask::kernels
