#pragma once

#include <functional>
#include <map>
#include <memory>

#include "runtime/cli/eval/job_port.h"
#include "runtime/cli/process/local_cluster.h"
#include "runtime/cli/text/progress.h"

namespace unmask::cli {

/// Many jobs in a cluster of this process.
class LocalJobs {
 public:
  struct Events {
    std::function<void()> on_ready;  ///< once
    std::function<void(const Error&)> on_failed;
  };

  /// All references outlive it.
  LocalJobs(ProcessHost& host, const ClusterConfig& config, const ServedModel& model,
            std::unique_ptr<kernels::Backend> backend, network::EngineOptions engine,
            actors::TextService& text, Events events);

  /// Loads the weights, with progress on stderr.
  void start() { cluster_.start(); }

  [[nodiscard]] JobPort port();

 private:
  using OnEnd = std::function<void(const Result<actors::Finished>&)>;

  LocalCluster::Client client();
  void take(const actors::WireMessage& message);
  void end(const JobId& job, const Result<actors::Finished>& result);

  const Events events_;
  std::map<JobId, OnEnd> jobs_;
  bool is_ready_ = false;
  std::unique_ptr<Progress> loading_ = std::make_unique<Progress>("loading weights");
  LocalCluster cluster_;
};

}  // namespace unmask::cli
