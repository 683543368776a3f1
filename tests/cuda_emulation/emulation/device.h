/// What the emulated libraries share: device memory and the queue of device work.

#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace unmask::emulation {

/// The host code used CUDA in a way that fails, hangs or is undefined on a GPU: says so, aborts.
[[noreturn]] void host_error(const std::string& what);

enum class Memory { kPageable, kPinned, kDevice };

/// Exact-size blocks filled with 0xFF, so that AddressSanitizer sees every byte beyond them and a
/// value that was never written is NaN or -1. While no device work runs, device memory is
/// forbidden.
void* allocate(std::size_t bytes, Memory kind);
bool deallocate(void* data, Memory kind);
Memory memory_kind(const void* data);
std::size_t bytes_after(const void* data);  // left in its block; 0 if not ours

/// One piece of device work. It runs after all of `after`, at a time the schedule seed chooses.
struct Node {
  const char* name = "";
  std::function<bool()> run;  // false: not yet, peers are missing; it will be called again
  std::vector<std::shared_ptr<Node>> after;
  bool done = false;
  int device = 0;  // of the thread that enqueued it
};
using NodePtr = std::shared_ptr<Node>;

/// Adds work to a stream, or to the graph that the stream is being captured into.
void enqueue(cudaStream_t stream, const char* name, std::function<bool()> run);
/// The same for work that never waits for peers.
void enqueue_work(cudaStream_t stream, const char* name, std::function<void()> run);
/// The same for a kernel.
void enqueue_kernel(cudaStream_t stream, std::function<void()> run);
/// The same for what a library computes, in so much of the device's time (spend() of simt.h).
void enqueue_product(cudaStream_t stream, const char* name, double micros,
                     std::function<void()> run);

}  // namespace unmask::emulation
