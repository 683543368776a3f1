#pragma once

#include <functional>

#include "runtime/cli/wire.h"

namespace unmask::cli {

/// Asks a cluster's gateway again and again how the cluster is.
class ClusterWatch {
 public:
  ClusterWatch(ProcessHost& host, std::function<void(const ClusterStatus&)> on_status);

  /// Errors  kUnavailable naming the address
  Result<> start(const HostPort& gateway, Duration interval);

 private:
  void ask();

  ProcessHost& host_;
  Wire wire_;
  std::optional<PeerId> gateway_;
  std::uint64_t num_asked_ = 0;
};

}  // namespace unmask::cli
