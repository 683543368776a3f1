#pragma once

#include <cstddef>
#include <memory>

namespace unmask::kernels {

/// Host memory aligned to a cache line, in huge pages where it is large. Moves, never copies.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  /// Zeroed.
  explicit AlignedBytes(std::size_t size);

  /// Of all of this process together.
  [[nodiscard]] static std::size_t live_bytes();

  [[nodiscard]] std::byte* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Free {
    Free() : size(0) {}
    explicit Free(std::size_t num_bytes) : size(num_bytes) {}
    std::size_t size;
    void operator()(std::byte* bytes) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

/// Memory for the intermediate values of one operation: grows, is never given back, and keeps
/// nothing from one call of `take` to the next.
class Scratch {
 public:
  /// At least `count` values of T, with any content.
  template <class T>
  [[nodiscard]] T* take(std::size_t count) {
    const std::size_t size = count * sizeof(T);
    if (bytes_.size() < size) {
      bytes_ = AlignedBytes();
      bytes_ = AlignedBytes(size + size / 4);
    }
    return reinterpret_cast<T*>(bytes_.data());
  }

  /// Takes so much now, that take() need not.
  void reserve(std::size_t size) {
    if (bytes_.size() < size) bytes_ = AlignedBytes(size);
  }

 private:
  AlignedBytes bytes_;
};

}  // namespace unmask::kernels
