#include "rpc/collective/nccl_communicator.h"

#include <cuda_runtime_api.h>

#include <future>
#include <string>
#include <thread>
#include <utility>

#include "kernels/device_error.h"

namespace unmask::rpc {

Result<std::unique_ptr<NcclCommunicator>> NcclCommunicator::connect(
    const NcclLibrary& library, const NcclOptions& options, const ncclUniqueId& id, int rank,
    int size, std::chrono::milliseconds timeout, const AbortFlag& flag) {
  auto made = std::unique_ptr<NcclCommunicator>(new NcclCommunicator(library, options));
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  const ncclResult_t begun = library.init_rank(&made->communicator_, size, id, rank, &config);
  if (const Result<> settled = made->settle(begun, timeout, flag); !settled) {
    made->end();
    return settled.error();
  }
  return made;
}

NcclCommunicator::~NcclCommunicator() {
  try {
    end();
  } catch (const kernels::DeviceError&) {  // whoever uses the device next will be told
  }
}

Result<> NcclCommunicator::check() const {
  ncclResult_t state = ncclSuccess;
  const ncclResult_t asked = library_.get_async_error(communicator_, &state);
  const ncclResult_t result = asked != ncclSuccess ? asked : state;
  if (result == ncclSuccess || result == ncclInProgress) return {};
  return failure_of(result);
}

Error NcclCommunicator::failure_of(ncclResult_t result) const {
  const std::string who = result == ncclRemoteError ? "a rank is gone: " : "";
  const std::string words = who + "NCCL: " + library_.describe(result, communicator_);
  if (result != ncclUnhandledCudaError) return {ErrorCode::kUnavailable, words};
  const char* const cause = cudaGetErrorName(cudaPeekAtLastError());
  throw kernels::DeviceError(
      "GPU " + std::to_string(options_.device) + ": " + words + " (" + cause + ")",
      kernels::fault_of(cause));
}

Result<> NcclCommunicator::settle(ncclResult_t result, std::chrono::milliseconds timeout,
                                  const AbortFlag& flag) {
  const Pacer pacer(flag);
  while (result == ncclInProgress) {
    if (flag.is_raised()) return Error{ErrorCode::kUnavailable, "the collective was aborted"};
    if (pacer.elapsed() > timeout) {
      return Error{ErrorCode::kDeadlineExceeded, "a rank did not come to the collective in time"};
    }
    pacer.pause();
    if (const ncclResult_t asked = library_.get_async_error(communicator_, &result);
        asked != ncclSuccess) {
      result = asked;
    }
  }
  if (result == ncclSuccess) return {};
  return failure_of(result);
}

void NcclCommunicator::end() {
  const ncclComm_t ended = std::exchange(communicator_, nullptr);
  if (ended == nullptr) return;
  // It has been seen to hang, so it is not called on a thread that others wait for.
  std::promise<void> promise;
  const std::future<void> is_done = promise.get_future();
  std::thread helper([abort = library_.abort, device = options_.device, ended,
                      done = std::move(promise)]() mutable {
    (void)cudaSetDevice(device);
    (void)abort(ended);
    done.set_value();
  });
  if (is_done.wait_for(options_.abort_timeout) == std::future_status::ready) return helper.join();
  helper.detach();
  throw kernels::DeviceError("GPU " + std::to_string(options_.device) +
                             " cannot be freed of a collective: NCCL did not end it within " +
                             std::to_string(options_.abort_timeout.count()) + " ms");
}

}  // namespace unmask::rpc
