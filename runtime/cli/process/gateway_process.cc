#include <utility>

#include "actors/gateway/tokenizer_service.h"
#include "runtime/cli/command.h"
#include "runtime/cli/process/gateway_http.h"
#include "runtime/cli/process/node_process.h"
#include "runtime/cli/process/node_security.h"
#include "runtime/cli/process/role_options.h"
#include "runtime/cli/process/wire.h"

namespace unmask::cli {

int run_gateway(const ClusterConfig& config, const NodeStart& start) {
  NodeProcess node(config, {actors::Role::kGateway, 0, 0}, start);
  ProcessHost& host = node.host();
  Result<ServedModel> model = open_served_model(config.model);
  if (!model) return report(model.error(), kBadConfig);
  const Result<rpc::ZmqOptions> inside = coordinator_dialer(config);
  if (!inside) return report(inside.error(), kBadConfig);
  Result<rpc::ZmqOptions> outside = gateway_listener(config);
  if (!outside) return report(outside.error(), kBadConfig);
  outside->max_connections = node.connections().zmq;
  if (const Result<> served = node.serve_http(); !served) return report(served.error(), kBadConfig);

  const Result<std::set<std::string>> operators = operator_keys(config);
  if (!operators) return report(operators.error(), kBadConfig);

  Wire clients(host), coordinator(host);
  actors::TokenizerService text(std::move(model->tokenizer));
  GatewayHttp api(host, text);
  const auto leave = [&host](const Error& error) {
    host.log().error("this gateway must leave the cluster", {{"why", error.message}});
    host.end(kBadConfig);
  };
  actors::GatewayRole::Options role_options =
      gateway_options(config, host, model->name, node.self());
  role_options.gateway.requester_of = [&](PeerId client) {
    return rpc::HttpClients::is_one(client) ? api.clients().requester(client)
                                            : clients.requester(client, *operators);
  };
  actors::GatewayRole role(host.system(), host.env(), std::move(role_options), text,
                           {api.outgoing(clients.outgoing()), api.disconnect(clients.disconnect()),
                            coordinator.outgoing()},
                           leave);
  const Result<> has_api =
      api.serve(node.http(), role, config, model->name, model->jobs.max_positions);
  if (!has_api) return report(has_api.error(), kBadConfig);
  clients.receive(role.client_dispatch());
  clients.on_peer({}, [&role](PeerId peer) { return role.client_down(peer); });
  coordinator.receive(role.coordinator_dispatch());
  coordinator.on_peer([&role](PeerId peer) { return role.coordinator_up(peer); },
                      [&role](PeerId peer) { return role.coordinator_down(peer); });
  if (const Result<> dialed = coordinator.dial(*inside, config.coordinator.address); !dialed) {
    return report(dialed.error(), kBadConfig);
  }
  Result<> listening = clients.listen(*outside, config.gateway.address);
  if (!listening && start.may_move) {
    listening = clients.listen(*outside, {config.gateway.address.host, 0});
  }
  if (!listening) return report(listening.error(), kBadConfig);

  const std::string coordinator_address = config.coordinator.address.to_string();
  node.set_readiness([&] {
    return role.is_connected() ? role.service().reason
                               : "the coordinator at " + coordinator_address + " does not answer";
  });
  coordinator.warn_while_alone("coordinator");
  host.set_on_drain([&] {
    role.drain([&] { clients.when_quiet([&] { api.when_quiet([&] { host.end(kOk); }); }); });
  });
  host.log().info("gateway is up", {{"clients", clients.address().to_string()},
                                    {"http", node.self().http},
                                    {"coordinator", coordinator_address}});
  node.announce(clients.address());
  return host.run();
}

}  // namespace unmask::cli
