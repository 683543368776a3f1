#pragma once

#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include "kernels/backend.h"

namespace unmask::bench {

/// Values in a backend's memory, zero at first.
template <class T>
class DeviceArray {
 public:
  DeviceArray(kernels::Backend& backend, std::size_t size)
      : buffer_(backend.allocate(size * sizeof(T))) {}
  DeviceArray(kernels::Backend& backend, const std::vector<T>& values)
      : DeviceArray(backend, values.size()) {
    backend.upload(data(), values.data(), values.size() * sizeof(T));
  }

  [[nodiscard]] T* data() const { return static_cast<T*>(buffer_->data()); }

 private:
  std::unique_ptr<kernels::Buffer> buffer_;
};

/// Normally distributed with this deviation, the same every time for the same seed.
inline std::vector<float> random_values(std::size_t count, unsigned seed, float deviation = 1.0f) {
  std::vector<float> values(count);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  for (float& value : values) value = normal(random);
  return values;
}

/// 0, 1, 2, ... from `first` on.
inline std::vector<std::int32_t> consecutive(std::size_t count, std::int32_t first) {
  std::vector<std::int32_t> values(count);
  for (std::int32_t& value : values) value = first++;
  return values;
}

}  // namespace unmask::bench
