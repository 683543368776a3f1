#pragma once

#include <nccl.h>

#include <chrono>
#include <memory>

#include "rpc/collective/abort_flag.h"
#include "rpc/collective/nccl.h"
#include "rpc/collective/nccl_library.h"
#include "rpc/collective/pacer.h"
#include "runtime/base/result.h"

namespace unmask::rpc {

/// A rank's place in a communicator of NCCL, which never makes a thread wait without a bound. Used
/// by one thread, which has made options.device its current one.
class NcclCommunicator {
 public:
  /// Waits until all ranks are there.
  ///
  /// flag: outlives only this call
  /// Errors  kUnavailable: NCCL refused, or `flag` was raised; kDeadlineExceeded
  static Result<std::unique_ptr<NcclCommunicator>> connect(
      const NcclLibrary& library, const NcclOptions& options, const ncclUniqueId& id, int rank,
      int size, std::chrono::milliseconds timeout, const AbortFlag& flag);
  /// Ends it, or leaves it to itself if that takes too long.
  ~NcclCommunicator();
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  [[nodiscard]] ncclComm_t get() const { return communicator_; }

  /// Whether NCCL, too, has noticed that something is wrong.
  ///
  /// Errors  kUnavailable
  /// Throws  kernels::DeviceError if that is the device
  [[nodiscard]] Result<> check() const;

  /// After a call that returned `result`: until NCCL has taken it, for which ranks may have to
  /// meet.
  ///
  /// Errors  as connect()
  /// Throws  as check()
  Result<> settle(ncclResult_t result, std::chrono::milliseconds timeout, const AbortFlag& flag);

  /// Ends it without the other ranks: what is enqueued or runs completes without a result.
  ///
  /// Throws  kernels::DeviceError if NCCL does not return within options.abort_timeout
  void end();

 private:
  NcclCommunicator(const NcclLibrary& library, const NcclOptions& options)
      : library_(library), options_(options) {}

  /// That NCCL says `result`, which is an error. Throws as check().
  [[nodiscard]] Error failure_of(ncclResult_t result) const;

  const NcclLibrary library_;
  const NcclOptions options_;
  ncclComm_t communicator_ = nullptr;
};

}  // namespace unmask::rpc
