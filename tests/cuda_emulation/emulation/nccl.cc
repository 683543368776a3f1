/// The part of NCCL that unmask uses, between emulated GPUs of one process or of several, as a
/// library to be loaded. The emulated CUDA runtime is that of the program which loads it, so the
/// program has to export its symbols.
///
/// An operation is a node of its stream and completes when the data of all ranks are there. A rank
/// that never comes hangs it, as on GPUs; one whose connection is closed is told by
/// ncclCommGetAsyncError besides. What NCCL leaves undefined aborts: ranks that disagree about an
/// operation, a communicator that is used after its end or before it is ready.
///
/// Faults, read when a communicator is made (the version: when it is asked for). R is a rank, N
/// the number of one of its operations, from 1:
///   UNMASK_EMULATED_NCCL_VANISH=R:N          it never happens
///   UNMASK_EMULATED_NCCL_LEAVE=R:N           nor that, and the connections are closed
///   UNMASK_EMULATED_NCCL_STALL=R:N:MS        it happens MS milliseconds later
///   UNMASK_EMULATED_NCCL_INIT_FAILS=R        the rank refuses to meet the others
///   UNMASK_EMULATED_NCCL_SURVIVES_ABORT=R    what is enqueued does not end with the communicator
///   UNMASK_EMULATED_NCCL_ABORT_HANGS=R       ncclCommAbort does not return
///   UNMASK_EMULATED_NCCL_VERSION=CODE        e.g. 30100 for 3.1.0
/// UNMASK_EMULATED_FAULT_ONCE (faults.h) lets one communicator have them.

#include <nccl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "emulation/device.h"
#include "emulation/nccl_exchange.h"
#include "emulation/nccl_faults.h"
#include "emulation/nccl_meeting.h"
#include "runtime/actor/clock.h"

using namespace unmask;
using namespace unmask::emulation;

namespace unmask::emulation {

/// A rank's end. Kept by what it has enqueued, too.
struct NcclRank {
  NcclMember self{};
  NcclFaults faults{};
  std::vector<Descriptor> links;  // until `state` is final: of the thread that meets the others
  std::thread meets;
  std::atomic<ncclResult_t> state = ncclInProgress;
  std::atomic<bool> is_ended = false;

  // Touched by device work only, one piece at a time.
  std::uint64_t num_begun = 0, num_finished = 0;
  std::optional<NcclExchange> current;
  std::optional<Time> stalled_until;

  void hang_up() {
    for (const Descriptor& link : links) ::shutdown(link.get(), SHUT_RDWR);
  }
};
using NcclRankPtr = std::shared_ptr<NcclRank>;

}  // namespace unmask::emulation

/// What an ncclComm_t points to; it stays, so that a use after the end is noticed.
struct ncclComm {
  NcclRankPtr body;
};

namespace {

std::mutex g_mutex;
std::deque<ncclComm> g_communicators;

NcclRankPtr body_of(const ncclComm* communicator, const char* call) {
  const std::lock_guard lock(g_mutex);
  if (communicator == nullptr || !communicator->body) {
    host_error(std::string(call) + " of a communicator that has ended");
  }
  return communicator->body;
}

/// One operation as a piece of device work, which is called until it is done.
class Operation {
 public:
  Operation(NcclRankPtr communicator, const NcclCall& call)
      : communicator_(std::move(communicator)), call_(call) {}

  bool operator()() {
    NcclRank& c = *communicator_;
    if (c.is_ended && !c.faults.survives_abort) {
      if (number_ > 0) c.current.reset();
      return true;
    }
    if (number_ == 0) {
      // A communicator performs its operations one after another, whatever their streams.
      if (c.num_finished != c.num_begun) return false;
      number_ = ++c.num_begun;
      if (number_ == c.faults.stalls_at) c.stalled_until = SteadyClock().now() + c.faults.stall;
    }
    if (number_ == c.faults.vanishes_at) return false;
    if (number_ == c.faults.leaves_at) return c.hang_up(), false;
    if (c.stalled_until && SteadyClock().now() < *c.stalled_until) return false;
    c.stalled_until.reset();
    if (!c.current) c.current.emplace(call_, c.self.rank, c.links);
    const NcclExchange::State state = c.current->advance();
    if (state == NcclExchange::State::kLeft) c.state = ncclRemoteError;
    if (state != NcclExchange::State::kFinished) return false;
    c.current.reset();
    ++c.num_finished;
    return true;
  }

 private:
  NcclRankPtr communicator_;
  NcclCall call_;
  std::uint64_t number_ = 0;  // of the communicator's operations; 0: not begun
};

}  // namespace

namespace {

ncclResult_t enqueue_operation(ncclComm_t communicator, cudaStream_t stream, const char* name,
                               const NcclCall& call) {
  const NcclRankPtr body = body_of(communicator, name);
  if (body->state == ncclInProgress) host_error(std::string(name) + " before all ranks have met");
  if (body->state != ncclSuccess) return body->state;
  // It uses CUDA, too, and meets its errors.
  std::size_t free_bytes = 0, total_bytes = 0;
  if (cudaMemGetInfo(&free_bytes, &total_bytes) != cudaSuccess) return ncclUnhandledCudaError;
  const std::size_t bytes = call.count * nccl_size_of(call.type);
  const std::size_t received =
      call.kind == NcclCall::Kind::kAllGather ? bytes * std::size_t(body->self.size) : bytes;
  if (call.count > 0 &&
      (memory_kind(call.send) != Memory::kDevice || memory_kind(call.receive) != Memory::kDevice ||
       bytes_after(call.send) < bytes || bytes_after(call.receive) < received)) {
    return ncclInvalidArgument;
  }
  enqueue(stream, name, Operation(body, call));
  return ncclSuccess;
}

}  // namespace

ncclResult_t ncclGetVersion(int* version) {
  const char* const other = std::getenv("UNMASK_EMULATED_NCCL_VERSION");
  return *version = other ? std::atoi(other) : NCCL_VERSION_CODE, ncclSuccess;
}
const char* ncclGetErrorString(ncclResult_t result) {
  switch (result) {
    case ncclSuccess:
      return "no error";
    case ncclRemoteError:
      return "remote process exited or there was a network error";
    case ncclUnhandledCudaError:
      return "unhandled cuda error";
    case ncclInvalidUsage:
      return "invalid usage";
    case ncclSystemError:
      return "unhandled system error";
    default:
      return "error of the emulated NCCL";
  }
}
const char* ncclGetLastError(ncclComm_t) { return ""; }

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static_assert(sizeof(NcclPlace) <= sizeof *id);
  const NcclPlace place = nccl_listen();
  std::memset(id, 0, sizeof *id);
  std::memcpy(id, &place, sizeof place);
  return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* communicator, int num_ranks, ncclUniqueId id,
                                    int rank, ncclConfig_t* config) {
  if (rank < 0 || rank >= num_ranks) return ncclInvalidArgument;
  const auto body = std::make_shared<NcclRank>();
  body->self = {.rank = rank, .size = num_ranks, .device = 0};
  cudaGetDevice(&body->self.device);
  body->faults = nccl_faults_of(rank);
  NcclPlace place{};
  std::memcpy(&place, &id, sizeof place);
  // It ends before the communicator does, which waits for it.
  body->meets = std::thread([c = body.get(), place] {
    c->state = c->faults.does_init_fail ? ncclSystemError
                                        : nccl_meet(place, c->self, c->is_ended, c->links);
  });
  {
    const std::lock_guard lock(g_mutex);
    *communicator = &g_communicators.emplace_back(ncclComm{body});
  }
  if (config != nullptr && config->blocking == 0) return ncclInProgress;
  body->meets.join();
  return body->state;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t communicator, ncclResult_t* state) {
  return *state = body_of(communicator, "ncclCommGetAsyncError")->state, ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t communicator) {
  const NcclRankPtr body = body_of(communicator, "ncclCommAbort");
  body->is_ended = true;
  if (body->meets.joinable()) body->meets.join();
  while (body->faults.does_abort_hang) ::pause();
  body->hang_up();
  const std::lock_guard lock(g_mutex);
  communicator->body = nullptr;
  return ncclSuccess;
}

ncclResult_t ncclAllGather(const void* send, void* receive, size_t count, ncclDataType_t type,
                           ncclComm_t communicator, cudaStream_t stream) {
  return enqueue_operation(communicator, stream, "ncclAllGather",
                           {NcclCall::Kind::kAllGather, send, receive, count, type, ncclSum});
}
ncclResult_t ncclAllReduce(const void* send, void* receive, size_t count, ncclDataType_t type,
                           ncclRedOp_t op, ncclComm_t communicator, cudaStream_t stream) {
  if (op != ncclSum) host_error("ncclAllReduce: only sums are emulated");
  return enqueue_operation(communicator, stream, "ncclAllReduce",
                           {NcclCall::Kind::kAllReduce, send, receive, count, type, op});
}
