#pragma once

#include <memory>

#include "kernels/backend.h"

namespace unmask::network {

/// The start of a buffer's memory; null if there is none.
template <typename T>
T* data_of(const std::unique_ptr<kernels::Buffer>& buffer) {
  return buffer ? static_cast<T*>(buffer->data()) : nullptr;
}

}  // namespace unmask::network
