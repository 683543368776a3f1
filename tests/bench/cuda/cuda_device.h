#pragma once

#include <memory>

#include "runtime/base/result.h"
#include "tests/bench/device.h"
#include "tests/bench/options.h"

namespace unmask::bench {

/// The first GPU. A forward as a whole is a CUDA graph, replayed.
///
/// Errors  kUnavailable without a GPU, or in a program built without CUDA
Result<std::unique_ptr<Device>> make_cuda_device(const Options& options);

}  // namespace unmask::bench
