#include <utility>

#include "runtime/cli/command.h"
#include "runtime/cli/process/node_process.h"
#include "runtime/cli/process/node_security.h"
#include "runtime/cli/process/role_options.h"
#include "runtime/cli/process/wire.h"

namespace unmask::cli {
namespace {

constexpr std::chrono::seconds kBarrierInterval{5};  // between two lines about who is missing

}  // namespace

int run_coordinator(const ClusterConfig& config, const NodeStart& start) {
  NodeProcess node(config, {actors::Role::kCoordinator, 0, 0}, start);
  ProcessHost& host = node.host();
  Result<ServedModel> model = open_served_model(config.model);
  if (!model) return report(model.error(), kBadConfig);
  if (!start.announces) warn(*model);  // `unmask up` has said it
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

  node.set_readiness([&] { return role.service().reason; });
  host.every(kBarrierInterval, [&] {
    if (role.service().is_ready) return;
    host.log().info("waiting for workers", {{"missing", role.service().reason}});
  });
  host.set_on_drain([&] { role.drain([&] { wire.when_quiet([&] { host.end(kOk); }); }); });
  host.log().info("coordinator is up", {{"address", wire.address().to_string()},
                                        {"http", node.self().http},
                                        {"model", model->name}});
  node.announce(wire.address());
  return host.run();
}

}  // namespace unmask::cli
