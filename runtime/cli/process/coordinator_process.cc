#include <utility>

#include "runtime/cli/command.h"
#include "runtime/cli/process/node_process.h"
#include "runtime/cli/process/node_security.h"
#include "runtime/cli/process/role_options.h"
#include "runtime/cli/process/wire.h"
#include "runtime/cli/text/cluster_text.h"

namespace unmask::cli {
namespace {

constexpr std::chrono::seconds kBarrierInterval{5};  // between two lines about who is missing

/// "worker 1 (10.0.0.2): absent, worker 3 (10.0.0.4): loading weights 40 %"
std::string missing(const ClusterConfig& config, const std::vector<actors::MemberStatus>& members) {
  std::string text;
  for (const actors::MemberStatus& member : members) {
    if (member.process.slot.role != actors::Role::kWorker || member.state == "ready") continue;
    const actors::Slot& slot = member.process.slot;
    const std::string& host = config.worker(slot.replica, slot.rank).host;
    text +=
        (text.empty() ? "" : ", ") + slot_name(config, slot) + " (" + host + "): " + doing(member);
  }
  return text.empty() ? "workers have not been heard of yet" : text;
}

}  // namespace

int run_coordinator(const ClusterConfig& config, bool announces) {
  NodeProcess node(config, {actors::Role::kCoordinator, 0, 0});
  ProcessHost& host = node.host();
  Result<ServedModel> model = open_served_model(config.model);
  if (!model) return report(model.error(), kBadConfig);
  if (!announces) warn(*model);  // `unmask up` has said it
  Result<rpc::ZmqOptions> options = coordinator_listener(config);
  if (!options) return report(options.error(), kBadConfig);
  options->max_connections = node.connections().zmq;
  if (const Result<> served = node.serve_http(); !served) return report(served.error(), kBadConfig);

  Wire wire(host);
  const ActorRef<actors::Inspected> nobody([](const actors::Inspected&) { return true; });
  actors::CoordinatorRole role(
      host.system(), host.env(), coordinator_options(config, *model, node.self()),
      {wire.outgoing(), wire.disconnect(), nobody, [&wire] { wire.disconnect_all(); }});
  wire.receive(role.dispatch());
  wire.on_peer({}, [&role](PeerId peer) { return role.peer_down(peer); });
  const Result<> listening = wire.listen(*options, config.coordinator.address);
  if (!listening) return report(listening.error(), kBadConfig);

  node.set_readiness([&] { return role.is_ready() ? "" : missing(config, role.members()); });
  host.every(kBarrierInterval, [&] {
    if (role.is_ready()) return;
    host.log().info("waiting for workers", {{"missing", missing(config, role.members())}});
  });
  host.set_on_drain([&] { role.drain([&] { wire.when_quiet([&] { host.end(kOk); }); }); });
  host.log().info("coordinator is up", {{"address", wire.address().to_string()},
                                        {"http", node.self().http},
                                        {"model", model->name}});
  if (announces) node.announce(wire.address());
  return host.run();
}

}  // namespace unmask::cli
