#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "model/collective.h"
#include "runtime/base/result.h"

namespace unmask::rpc {

struct NcclOptions {
  int device = 0;                        ///< among the GPUs that CUDA sees
  std::string library = "libnccl.so.2";  ///< a file, or a name for the loader to look up
  std::string interface {
  };  ///< the network between hosts; empty: NCCL chooses, or NCCL_SOCKET_IFNAME says
  std::chrono::milliseconds timeout{60'000};  ///< a wait that lasts so long is given up
  /// What an abort may take: NCCL to end its communicator, and the stream to become empty of what
  /// was enqueued behind.
  std::chrono::milliseconds abort_timeout{1'000};
  std::chrono::milliseconds drain_timeout{500};
};

/// Collectives between GPUs, enqueued on their streams: one communicator of NCCL per epoch, and no
/// byte through the host. A process should have one rank: NCCL may deadlock with more.
///
/// Errors  kUnavailable, naming what to install or set: no NCCL here, or in this program
Result<std::unique_ptr<CollectiveFactory>> make_nccl_collectives(NcclOptions options);

/// Of the NCCL in `library`, which is loaded for it: "2.28.3". Errors: as above.
Result<std::string> nccl_version(const std::string& library);

}  // namespace unmask::rpc
