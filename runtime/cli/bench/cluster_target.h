#pragma once

#include "rpc/client/client.h"
#include "runtime/actor/timers.h"
#include "runtime/cli/bench/load_target.h"

namespace unmask::cli {

/// A gateway over ZeroMQ.
class ClusterTarget final : public LoadTarget {
 public:
  /// Both outlive this.
  ClusterTarget(rpc::Client& client, Timers& timers) : client_(client), timers_(timers) {}

  void begin(const actors::Submit& job, RequestEvents events) override;
  void cancel(JobId job) override { client_.cancel(job); }

 private:
  rpc::Client& client_;
  Timers& timers_;
};

/// A job that ended by itself succeeded; every other end is a failure, and why.
[[nodiscard]] RequestEnd request_end_of(const Result<actors::Finished>& end);

}  // namespace unmask::cli
