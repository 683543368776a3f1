#pragma once

#include <memory>
#include <optional>

#include "kernels/backend.h"
#include "runtime/base/result.h"

namespace unmask::kernels {

/// A program built without CUDA has no_cuda_backend.cc instead.
///
/// Errors  kInvalidArgument if there are not so many GPUs; kUnavailable if there is none, if it
///         fails, or without CUDA
/// Throws  DeviceError for a fault of the hardware
[[nodiscard]] Result<std::unique_ptr<Backend>> make_cuda_backend(
    int index, const std::optional<FastProducts>& fast_products);

}  // namespace unmask::kernels
