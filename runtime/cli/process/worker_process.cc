#include <utility>

#include "rpc/collective/gloo.h"
#include "rpc/collective/in_process.h"
#include "rpc/collective/nccl.h"
#include "runtime/cli/command.h"
#include "runtime/cli/process/local_device.h"
#include "runtime/cli/process/node_process.h"
#include "runtime/cli/process/node_security.h"
#include "runtime/cli/process/role_options.h"
#include "runtime/cli/process/wire.h"
#include "runtime/cli/process/worker_device.h"
#include "runtime/cli/process/worker_info.h"

namespace unmask::cli {
namespace {

/// Errors  those of a place where no other rank could reach this one, and of NCCL
Result<std::unique_ptr<CollectiveFactory>> make_collectives(const ClusterConfig& config,
                                                            const WorkerConfig& worker,
                                                            const DeviceChoice& device) {
  if (config.cluster.workers == 1) return rpc::make_lone_collectives();
  // The coordinator judges a step that takes too long, and counts no stall of its own. This is for
  // a group that nobody ends.
  constexpr int kStepTimeouts = 10;
  const std::chrono::milliseconds timeout = kStepTimeouts * config.limits.step_timeout;
  if (device.kind == kernels::DeviceKind::kCuda) {
    return rpc::make_nccl_collectives({.device = device.gpu,
                                       .library = config.collective.nccl_library,
                                       .interface = config.collective.interface,
                                       .timeout = timeout});
  }
  const rpc::MeshPlace place{worker.host, config.collective.interface};
  // Groups form again and again; what can never work is said once, at the start.
  if (const Result<Descriptor> probe = listen_at(place, 1); !probe) return probe.error();
  return rpc::make_gloo_collectives({place, timeout});
}

}  // namespace

int run_worker(const ClusterConfig& config, actors::Slot slot, const NodeStart& start) {
  NodeProcess node(config, slot, start);
  ProcessHost& host = node.host();
  Result<ServedModel> model = open_served_model(config.model);
  if (!model) return report(model.error(), kBadConfig);
  const Result<rpc::ZmqOptions> options = coordinator_dialer(config);
  if (!options) return report(options.error(), kBadConfig);
  if (const Result<> served = node.serve_http(); !served) return report(served.error(), kBadConfig);

  const WorkerConfig worker = config.worker(slot.replica, slot.rank);
  Result<WorkerDevice> opened = open_worker_device(*model, config, worker);
  if (!opened) return report(opened.error(), kBadConfig);
  show(worker_info(opened->engine, opened->device.name, opened->device.backend->numeric_class()),
       host.metrics());
  const Result<std::unique_ptr<CollectiveFactory>> collectives =
      make_collectives(config, worker, opened->device.choice);
  if (!collectives) return report(collectives.error(), kBadConfig);
  Wire wire(host);
  const auto leave = [&host](const Error& error) {
    host.log().error("this worker leaves the cluster", {{"why", error.message}});
    host.end(error.code == ErrorCode::kUnavailable ? kUnreachable : kBadConfig);
  };
  LocalDevice device(host, config, *model, std::move(opened->device.backend), opened->engine,
                     **collectives);
  actors::WorkerRole role(host.system(), host.env(), member_options(config, host, node.self()),
                          device.device(), wire.outgoing(), leave);
  wire.receive(role.dispatch());
  wire.on_peer([&role](PeerId peer) { return role.coordinator_up(peer); },
               [&role](PeerId peer) { return role.coordinator_down(peer); });
  if (const Result<> dialed = wire.dial(*options, config.coordinator.address); !dialed) {
    return report(dialed.error(), kBadConfig);
  }
  wire.warn_while_alone("coordinator");
  node.set_readiness([&] { return role.is_ready() ? "" : "its group has not formed"; });
  host.set_on_drain([&] {
    role.depart("it is told to end");
    wire.when_quiet([&] { host.end(kOk); });
  });
  host.log().info("worker is up", {{"coordinator", config.coordinator.address.to_string()},
                                   {"http", node.self().http},
                                   {"model", model->name},
                                   {"device", opened->device.name}});
  device.load(role, leave);
  const int code = host.run();
  device.exit_if_busy(code);
  return code;
}

}  // namespace unmask::cli
