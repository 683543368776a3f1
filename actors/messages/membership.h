/// What every process and the coordinator say to each other about who belongs to the cluster.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/ids.h"
#include "runtime/base/result.h"

namespace unmask::actors {

enum class Role : std::uint8_t { kCoordinator, kGateway, kWorker };

constexpr std::string_view name_of(Role role) {
  constexpr std::string_view kNames[] = {"coordinator", "gateway", "worker"};
  return kNames[std::size_t(role)];
}

/// A place in a cluster, which one process at a time fills.
struct Slot {
  Role role = Role::kWorker;
  std::int32_t replica = 0;  ///< of a worker
  std::int32_t rank = 0;     ///< of a worker, within its replica

  friend bool operator==(const Slot&, const Slot&) = default;
};

/// Why a process ended that was to go on.
enum class EndReason : std::uint8_t { kNone, kExit, kSignal, kDevice, kHardware, kSilence };

constexpr std::string_view name_of(EndReason reason) {
  constexpr std::string_view kNames[] = {"none", "exit", "signal", "device", "hardware", "silence"};
  return kNames[std::size_t(reason)];
}

/// Which process fills a slot, and where it is found.
struct ProcessIdentity {
  Slot slot;
  std::int64_t pid = 0;
  std::string host;
  std::string http;                       ///< http://host:port, or empty
  EndReason last_end = EndReason::kNone;  ///< of its former life, if whoever started it told
  std::string last_words{};               ///< the same in a sentence
};

/// What one worker can hold; the least of a replica counts.
struct Capacity {
  std::int64_t num_kv_pages = 0;
  std::int32_t page_size = 0;  ///< positions
  std::int32_t max_rows_per_step = 0;
  std::int32_t max_positions = 0;  ///< of one canvas
  std::int64_t weight_bytes = 0;
  std::int64_t kv_bytes = 0;
  std::int64_t num_soft_rows = 0;  ///< positions of smoothed jobs
};

/// The first message of a process that wants to belong; again after it lost the coordinator.
struct Join {
  ProcessIdentity process;
  Incarnation incarnation = 0;
  std::uint64_t model_digest = 0;
  std::string numerics;       ///< exact or fast, dtype; all workers of a cluster agree
  std::string numeric_class;  ///< devices of one class give the same bytes: `cpu-avx512`
  Capacity capacity;
};
struct Welcome {
  Epoch epoch = 0;
  std::chrono::milliseconds heartbeat_interval{250};
};
/// The process may not belong, and exits with this reason.
struct JoinRejected {
  Error error;
};
/// The last message of a worker that is told to end: nobody need miss it.
struct Leaving {
  std::string reason;
};
/// Progress of what a process does before it can join.
struct Loading {
  ProcessIdentity process;
  std::string phase;
  std::int64_t done = 0;
  std::int64_t total = 0;
};
/// Whether jobs can be computed: the coordinator tells its gateways, at once and at every change.
struct ServiceState {
  bool is_ready = false;
  std::string reason = "workers have not been heard of yet";  ///< empty if it is ready

  bool operator==(const ServiceState&) const = default;
};
struct Heartbeat {
  std::uint64_t beat = 0;
};
struct HeartbeatAck {
  std::uint64_t beat = 0;
};

}  // namespace unmask::actors
