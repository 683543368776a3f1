#pragma once

#include <cstddef>
#include <cstdint>

namespace unmask::kernels {

/// Divides a piece of memory into aligned arrays. With null as the start it only counts.
class ScratchParts {
 public:
  explicit ScratchParts(void* start) : start_(static_cast<unsigned char*>(start)) {}

  template <class T>
  T* take(std::size_t count) {
    unsigned char* const at = start_ == nullptr ? nullptr : start_ + bytes_;
    bytes_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return reinterpret_cast<T*>(at);
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  static constexpr std::size_t kAlignment = 256;

 private:
  unsigned char* const start_;
  std::size_t bytes_ = 0;
};

}  // namespace unmask::kernels
