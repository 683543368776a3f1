/// How the ranks of an emulated communicator find each other: over loopback TCP, within a process
/// or between processes alike.

#pragma once

#include <nccl.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "runtime/base/descriptor.h"

namespace unmask::emulation {

/// What an ncclUniqueId says: where rank 0 listens, and what to show there.
struct NcclPlace {
  std::uint32_t magic;
  std::uint16_t port;
  std::array<unsigned char, 16> secret;
};

/// Listens; the descriptor is kept until rank 0 of the communicator takes it.
NcclPlace nccl_listen();

struct NcclMember {
  int rank, size;
  int device;
};

/// Connects all ranks with each other. `links` by rank, non-blocking; this rank's own stays empty.
///
/// Returns  ncclSuccess; ncclSystemError: rank 0 is not there; ncclRemoteError: a rank left;
///          ncclInvalidUsage: two ranks have one device, or another number of ranks;
///          ncclInternalError: `is_over`
ncclResult_t nccl_meet(const NcclPlace& place, const NcclMember& self,
                       const std::atomic<bool>& is_over, std::vector<Descriptor>& links);

}  // namespace unmask::emulation
