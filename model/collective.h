#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "kernels/stream.h"
#include "runtime/base/bytes.h"
#include "runtime/base/ids.h"
#include "runtime/base/result.h"

namespace unmask {

/// The workers of one replica and epoch, exchanging tensors. Control messages never travel here.
///
/// All ranks call the same operations with the same sizes in the same order, each from its own
/// device thread. A call that fails (a peer vanished, the deadline passed, another epoch) leaves
/// the collective broken: every later call fails as well, and a new one is made for a new epoch.
///
/// Calls enqueue on `stream` and return; their memory is the device's. With a null stream it is the
/// host's, and a call has finished when it returns, whatever the device.
///
/// Errors  kUnavailable: a rank is gone; kDeadlineExceeded: it did not come in time
class Collective {
 public:
  virtual ~Collective() = default;

  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;  ///< number of ranks, >= 1

  /// recv[r * bytes ...] = rank r's `bytes` bytes of send, for every r.
  [[nodiscard]] virtual Result<> all_gather(const void* send, void* recv, std::size_t bytes,
                                            kernels::Stream stream) = 0;

  /// data[i] = sum over the ranks of data[i], f32, in an order that may depend on the ranks: only
  /// for `numerics: fast`.
  [[nodiscard]] virtual Result<> all_reduce_sum(float* data, std::size_t count,
                                                kernels::Stream stream) = 0;

  /// Waits until what was enqueued on `stream` is done. To be called before anything else that
  /// waits for the stream, or for its device: this alone ends when a rank never comes. After a
  /// failure the stream is empty, and what it was to compute is void. Nothing to do where calls
  /// have finished when they return.
  ///
  /// Throws  kernels::DeviceError if the device cannot be freed of the collective: the process
  ///         has to end
  [[nodiscard]] virtual Result<> wait(kernels::Stream /*stream*/) { return {}; }

  /// Makes calls in progress and all later ones fail; from any thread.
  virtual void abort() = 0;
};

/// Makes one collective per epoch, in two halves with an exchange of addresses between them. Used
/// by one device thread.
class CollectiveFactory {
 public:
  virtual ~CollectiveFactory() = default;

  /// Forgets what was prepared before and listens; returns how the other ranks reach this one.
  [[nodiscard]] virtual Result<Bytes> prepare(Epoch epoch, int rank, int size) = 0;

  /// Connects to all ranks; `addresses` by rank, this rank's own among them. A stray connection may
  /// fail it, never hang it.
  ///
  /// Errors  kUnavailable, kDeadlineExceeded if a rank does not come within `timeout`
  [[nodiscard]] virtual Result<std::unique_ptr<Collective>> connect(
      const std::vector<Bytes>& addresses, std::chrono::milliseconds timeout) = 0;

  /// Makes connect() in progress fail; from any thread.
  virtual void abort() = 0;
};

}  // namespace unmask
