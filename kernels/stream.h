#pragma once

namespace unmask::kernels {

/// A queue of work on a device, opaque to everyone but the backend and the collective that enqueue
/// on it: a cudaStream_t on a GPU, null on a CPU, where every call has finished when it returns.
struct Stream {
  void* handle = nullptr;
};

}  // namespace unmask::kernels
