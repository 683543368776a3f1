#include "runtime/cli/process/local_cluster.h"

#include <unistd.h>

#include <utility>

#include "runtime/base/check.h"
#include "runtime/cli/process/role_options.h"

namespace unmask::cli {
namespace {

constexpr PeerId kClient = 1;
constexpr PeerId kGateway = 2;
constexpr PeerId kCoordinator = 3;
constexpr PeerId kWorker = 4;

actors::ProcessIdentity this_process(actors::Role role) {
  return {{role, 0, 0}, getpid(), "this process", ""};
}

/// Within a process nobody can break the protocol, and nobody is cut off.
ActorRef<actors::Disconnect> no_disconnect() {
  return ActorRef<actors::Disconnect>([](const actors::Disconnect&) { return true; });
}

}  // namespace

LocalCluster::LocalCluster(ProcessHost& host, const ClusterConfig& config, const ServedModel& model,
                           std::unique_ptr<kernels::Backend> backend,
                           network::EngineOptions options, actors::TextService& text, Client client)
    : host_(host),
      client_(std::move(client)),
      collectives_(rpc::make_lone_collectives()),
      coordinator_(host.system(), host.env(),
                   coordinator_options(config, model, this_process(actors::Role::kCoordinator)),
                   {wire_of(kCoordinator), no_disconnect(),
                    ActorRef<actors::Inspected>([](const actors::Inspected&) { return true; }),
                    [this] {
                      client_.on_failed({ErrorCode::kInternal, "the coordinator failed"});
                    }}),
      gateway_(host.system(), host.env(),
               gateway_options(config, host, model.name, this_process(actors::Role::kGateway)),
               text, {wire_of(kGateway), no_disconnect(), wire_of(kGateway)}, client_.on_failed),
      device_(host, config, model, std::move(backend), std::move(options), *collectives_),
      worker_(host.system(), host.env(),
              member_options(config, host, this_process(actors::Role::kWorker)), device_.device(),
              wire_of(kWorker), client_.on_failed),
      to_coordinator_(coordinator_.dispatch()),
      to_gateway_from_client_(gateway_.client_dispatch()),
      to_gateway_(gateway_.coordinator_dispatch()),
      to_worker_(worker_.dispatch()) {}

void LocalCluster::start() {
  UNMASK_CHECK(gateway_.coordinator_up(kCoordinator) && worker_.coordinator_up(kCoordinator));
  device_.load(worker_, client_.on_failed);
}

bool LocalCluster::send(actors::WireMessage message) {
  return deliver(kClient, {kGateway, std::move(message)});
}

ActorRef<actors::Outgoing> LocalCluster::wire_of(PeerId from) {
  return ActorRef<actors::Outgoing>(
      [this, from](actors::Outgoing outgoing) { return deliver(from, std::move(outgoing)); });
}

bool LocalCluster::deliver(PeerId from, actors::Outgoing outgoing) {
  if (outgoing.to == kClient) {
    client_.on_message(std::move(outgoing.message));
    return true;
  }
  observe(outgoing.message);
  const actors::Dispatch& dispatch = outgoing.to == kCoordinator ? to_coordinator_
                                     : outgoing.to == kWorker    ? to_worker_
                                     : from == kClient           ? to_gateway_from_client_
                                                                 : to_gateway_;
  const actors::Dispatch::Outcome outcome = dispatch.deliver(from, std::move(outgoing.message));
  UNMASK_CHECK(outcome != actors::Dispatch::Outcome::kUnexpected);
  return outcome == actors::Dispatch::Outcome::kTaken;
}

void LocalCluster::observe(const actors::WireMessage& message) {
  if (const auto* loading = std::get_if<actors::Loading>(&message)) {
    client_.on_loading(loading->done, loading->total);
  }
  // A job that is there before the coordinator hears of its group waits for that.
  if (std::holds_alternative<actors::GroupReady>(message)) host_.loop().post(client_.on_ready);
}

}  // namespace unmask::cli
