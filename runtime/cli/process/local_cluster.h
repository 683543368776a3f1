#pragma once

#include <functional>
#include <memory>

#include "actors/gateway/text_service.h"
#include "actors/role/coordinator_role.h"
#include "actors/role/gateway_role.h"
#include "actors/role/worker_role.h"
#include "rpc/collective/in_process.h"
#include "runtime/cli/process/local_device.h"
#include "runtime/cli/process/process_host.h"
#include "runtime/cli/process/served_model.h"

namespace unmask::cli {

/// A whole cluster in this process, for one client in it: a gateway, a coordinator and a worker,
/// the real ones, whose messages go from mailbox to mailbox as values.
///
/// Its client is called on the control thread.
class LocalCluster {
 public:
  struct Client {
    std::function<void(std::int64_t done, std::int64_t total)> on_loading;  ///< bytes of weights
    std::function<void()> on_ready;  ///< jobs run from here on
    std::function<void(actors::WireMessage)> on_message;
    std::function<void(Error)> on_failed;  ///< it will never be ready
  };

  /// All references outlive it.
  LocalCluster(ProcessHost& host, const ClusterConfig& config, const ServedModel& model,
               std::unique_ptr<kernels::Backend> backend, network::EngineOptions options,
               actors::TextService& text, Client client);
  LocalCluster(const LocalCluster&) = delete;
  LocalCluster& operator=(const LocalCluster&) = delete;

  /// Loads the weights, on the worker's thread.
  void start();

  /// From the client. False if the gateway has no room for it.
  [[nodiscard]] bool send(actors::WireMessage message);

 private:
  [[nodiscard]] ActorRef<actors::Outgoing> wire_of(PeerId from);
  [[nodiscard]] bool deliver(PeerId from, actors::Outgoing outgoing);
  void observe(const actors::WireMessage& message);

  ProcessHost& host_;
  const Client client_;
  const std::unique_ptr<CollectiveFactory> collectives_;
  actors::CoordinatorRole coordinator_;
  actors::GatewayRole gateway_;
  LocalDevice device_;
  actors::WorkerRole worker_;
  const actors::Dispatch to_coordinator_;
  const actors::Dispatch to_gateway_from_client_;
  const actors::Dispatch to_gateway_;
  const actors::Dispatch to_worker_;
};

}  // namespace unmask::cli
