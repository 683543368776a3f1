#pragma once

#include <cuda_runtime_api.h>

#include <functional>

namespace unmask::kernels {

/// Microseconds that one of `num_calls` calls takes of the device, the least of a few rounds;
/// infinite if the calls cannot be recorded, as a forward would have to.
///
/// call(i) enqueues work on `stream`; calls should read different weights, so that they come from
/// memory as in a forward and not from a cache. Enqueues and waits.
[[nodiscard]] double micros_of(int num_calls, const std::function<void(int)>& call,
                               cudaStream_t stream);

}  // namespace unmask::kernels
