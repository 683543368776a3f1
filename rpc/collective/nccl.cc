#include "rpc/collective/nccl.h"

#include <cuda_runtime_api.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "kernels/device_error.h"
#include "rpc/collective/abort_flag.h"
#include "rpc/collective/nccl_communicator.h"
#include "rpc/collective/nccl_library.h"
#include "rpc/collective/pacer.h"
#include "runtime/base/check.h"

namespace unmask::rpc {
namespace {

/// Throws a DeviceError that names `call` unless `status` is success.
void expect_success(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  throw kernels::failed_call(std::string("collective: ") + call, cudaGetErrorName(status),
                             cudaGetErrorString(status));
}

/// Memory of the current device.
class DeviceBytes {
 public:
  explicit DeviceBytes(std::size_t bytes) {
    expect_success(cudaMalloc(&data_, bytes), "cudaMalloc");
  }
  DeviceBytes(const void* host, std::size_t bytes) : DeviceBytes(bytes) {
    expect_success(cudaMemcpy(data_, host, bytes, cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  /// Not while a DeviceError is on its way: cudaFree would wait for the device.
  ~DeviceBytes() {
    if (std::uncaught_exceptions() == 0) cudaFree(data_);
  }
  DeviceBytes(const DeviceBytes&) = delete;
  DeviceBytes& operator=(const DeviceBytes&) = delete;

  [[nodiscard]] void* data() const { return data_; }
  void read(void* host, std::size_t bytes) const {
    expect_success(cudaMemcpy(host, data_, bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
  }

 private:
  void* data_ = nullptr;
};

class NcclCollective final : public Collective {
 public:
  NcclCollective(const NcclLibrary& library, const NcclOptions& options, int rank, int size,
                 std::unique_ptr<NcclCommunicator> communicator)
      : library_(library),
        options_(options),
        rank_(rank),
        size_(size),
        communicator_(std::move(communicator)) {
    expect_success(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming),
                   "cudaEventCreateWithFlags");
    expect_success(cudaStreamCreateWithFlags(&own_stream_, cudaStreamNonBlocking),
                   "cudaStreamCreateWithFlags");
  }
  NcclCollective(const NcclCollective&) = delete;
  NcclCollective& operator=(const NcclCollective&) = delete;
  /// The communicator ends first: nothing that is destroyed after it waits for the other ranks.
  ~NcclCollective() override {
    communicator_.reset();
    cudaStreamDestroy(own_stream_);
    cudaEventDestroy(event_);
  }

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }

  Result<> all_gather(const void* send, void* recv, std::size_t bytes,
                      kernels::Stream stream) override {
    if (stream.handle == nullptr) return gather_on_host(send, recv, bytes);
    return enqueue(stream, [&](ncclComm_t communicator, cudaStream_t queue) {
      return library_.all_gather(send, recv, bytes, ncclUint8, communicator, queue);
    });
  }

  Result<> all_reduce_sum(float* data, std::size_t count, kernels::Stream stream) override {
    if (stream.handle == nullptr) return sum_on_host(data, count);
    return enqueue(stream, [&](ncclComm_t communicator, cudaStream_t queue) {
      return library_.all_reduce(data, data, count, ncclFloat32, ncclSum, communicator, queue);
    });
  }

  Result<> wait(kernels::Stream stream) override {
    if (failure_) return *failure_;
    const auto queue = static_cast<cudaStream_t>(stream.handle);
    if (queue == nullptr) return {};
    set_device();
    expect_success(cudaEventRecord(event_, queue), "cudaEventRecord");
    const Pacer pacer(flag_);
    while (true) {
      const bool is_done = has_happened(cudaEventQuery(event_), "cudaEventQuery");
      // Also when it is done: an operation that NCCL gave up is done, too.
      if (const Result<> healthy = communicator_->check(); !healthy) {
        return fail(queue, healthy.error());
      }
      if (is_done) return {};
      if (flag_.is_raised()) return fail(queue, aborted());
      if (pacer.elapsed() > options_.timeout) return fail(queue, late());
      pacer.pause();
    }
  }

  void abort() override { flag_.raise(); }

 private:
  static Error aborted() { return {ErrorCode::kUnavailable, "the collective was aborted"}; }
  [[nodiscard]] Error late() const {
    return {ErrorCode::kDeadlineExceeded,
            "a collective, or what it waits for, did not end within " +
                std::to_string(options_.timeout.count()) + " ms"};
  }

  void set_device() const { expect_success(cudaSetDevice(options_.device), "cudaSetDevice"); }

  /// Of what a query said; throws if the device failed.
  static bool has_happened(cudaError_t status, const char* query) {
    if (status == cudaErrorNotReady) return false;
    expect_success(status, query);
    return true;
  }

  template <typename Call>
  Result<> enqueue(kernels::Stream stream, const Call& call) {
    if (failure_) return *failure_;
    const auto queue = static_cast<cudaStream_t>(stream.handle);
    set_device();
    if (flag_.is_raised()) return fail(queue, aborted());
    const Result<> taken =
        communicator_->settle(call(communicator_->get(), queue), options_.timeout, flag_);
    return taken ? taken : Result<>(fail(queue, taken.error()));
  }

  Result<> gather_on_host(const void* send, void* recv, std::size_t bytes) {
    set_device();
    const std::size_t all_bytes = bytes * std::size_t(size_);
    const DeviceBytes part(send, bytes), all(all_bytes);
    Result<> done = all_gather(part.data(), all.data(), bytes, {own_stream_});
    if (done) done = wait({own_stream_});
    if (done) all.read(recv, all_bytes);
    return done;
  }

  Result<> sum_on_host(float* data, std::size_t count) {
    set_device();
    const DeviceBytes sum(data, count * sizeof(float));
    Result<> done = all_reduce_sum(static_cast<float*>(sum.data()), count, {own_stream_});
    if (done) done = wait({own_stream_});
    if (done) sum.read(data, count * sizeof(float));
    return done;
  }

  /// Ends the communicator and waits until the stream is empty: only then may anything that waits
  /// for the device be called. Throws if it stays busy.
  Error fail(cudaStream_t queue, Error error) {
    failure_ = std::move(error);
    communicator_->end();
    const AbortFlag nobody_aborts;
    const Pacer pacer(nobody_aborts);
    while (!has_happened(cudaStreamQuery(queue), "cudaStreamQuery")) {
      if (pacer.elapsed() > options_.drain_timeout) {
        throw kernels::DeviceError("GPU " + std::to_string(options_.device) + " is still busy " +
                                   std::to_string(options_.drain_timeout.count()) +
                                   " ms after its collective was ended, because " +
                                   failure_->message);
      }
      pacer.pause();
    }
    return *failure_;
  }

  const NcclLibrary library_;
  const NcclOptions options_;
  const int rank_, size_;
  std::unique_ptr<NcclCommunicator> communicator_;
  cudaEvent_t event_ = nullptr;
  cudaStream_t own_stream_ = nullptr;  // for memory of the host
  std::optional<Error> failure_;       // for good
  AbortFlag flag_;
};

class NcclFactory final : public CollectiveFactory {
 public:
  NcclFactory(const NcclLibrary& library, NcclOptions options)
      : library_(library), options_(std::move(options)) {}

  Result<Bytes> prepare(Epoch /*epoch*/, int rank, int size) override {
    flag_.lower();
    rank_ = rank;
    size_ = size;
    if (rank != 0) return Bytes(1);  // an empty address would be none
    ncclUniqueId id{};
    if (const ncclResult_t result = library_.get_unique_id(&id); result != ncclSuccess) {
      return Error{ErrorCode::kUnavailable, "NCCL: " + library_.describe(result, nullptr)};
    }
    Bytes address(sizeof id);
    std::memcpy(address.data(), &id, sizeof id);
    own_address_ = address;
    return address;
  }

  Result<std::unique_ptr<Collective>> connect(const std::vector<Bytes>& addresses,
                                              std::chrono::milliseconds timeout) override {
    UNMASK_CHECK(size_ > 0);
    ncclUniqueId id{};
    if (addresses.size() != std::size_t(size_) || addresses[0].size() != sizeof id ||
        (rank_ == 0 && addresses[0] != own_address_)) {
      return invalid("these are not the addresses of this epoch's ranks");
    }
    std::memcpy(&id, addresses[0].data(), sizeof id);
    expect_success(cudaSetDevice(options_.device), "cudaSetDevice");
    auto communicator =
        NcclCommunicator::connect(library_, options_, id, rank_, size_, timeout, flag_);
    if (!communicator) return communicator.error();
    return std::make_unique<NcclCollective>(library_, options_, rank_, size_,
                                            std::move(*communicator));
  }

  void abort() override { flag_.raise(); }

 private:
  const NcclLibrary library_;
  const NcclOptions options_;
  AbortFlag flag_;  // connect() shall fail, until prepare()
  int rank_ = 0, size_ = 0;
  Bytes own_address_;  // of rank 0
};

}  // namespace

Result<std::unique_ptr<CollectiveFactory>> make_nccl_collectives(NcclOptions options) {
  const Result<NcclLibrary> library = NcclLibrary::load(options.library);
  if (!library) return library.error();
  // It has no other way to be told; "=": no other interface whose name begins so.
  if (!options.interface.empty())
    setenv("NCCL_SOCKET_IFNAME", ("=" + options.interface).c_str(), 1);
  return std::make_unique<NcclFactory>(*library, std::move(options));
}

Result<std::string> nccl_version(const std::string& library) {
  Result<NcclLibrary> loaded = NcclLibrary::load(library);
  if (!loaded) return loaded.error();
  return std::move(loaded->version);
}

}  // namespace unmask::rpc
