#include "runtime/cli/process/role_options.h"

#include <utility>

#include "runtime/cli/commands/version.h"

namespace unmask::cli {
actors::Member::Options member_options(const ClusterConfig& config, const ProcessHost& host,
                                       actors::ProcessIdentity self) {
  actors::Member::Options options;
  options.process = std::move(self);
  options.incarnation = host.incarnation();
  options.self_fence = config.cluster.self_fence;
  return options;
}

actors::CoordinatorRole::Options coordinator_options(const ClusterConfig& config,
                                                     const ServedModel& model,
                                                     actors::ProcessIdentity self) {
  actors::CoordinatorRole::Options options;
  actors::Coordinator::Options& coordinator = options.coordinator;
  coordinator.model = model.jobs;
  coordinator.model_name = model.name;
  coordinator.version = std::string(kVersion);
  coordinator.max_waiting = std::size_t(config.limits.max_waiting);
  coordinator.max_running = std::size_t(config.limits.max_running);
  coordinator.burst = config.compute.burst;
  coordinator.step_timeout = config.limits.step_timeout;
  coordinator.client_grace = config.limits.client_grace;
  actors::Membership::Options& membership = options.membership;
  membership.num_replicas = config.cluster.replicas;
  membership.group_size = config.cluster.workers;
  membership.model_digest = model.checkpoint.digest();
  membership.numerics = model.arithmetic();
  membership.needs_one_numeric_class = model.numerics == network::Numerics::kExact;
  for (std::int32_t replica = 0; replica < config.cluster.replicas; ++replica) {
    for (std::int32_t rank = 0; rank < config.cluster.workers; ++rank) {
      membership.hosts.push_back(config.worker(replica, rank).host);
    }
  }
  membership.self = {std::move(self), "ready", "", 1.0f};
  membership.heartbeat_interval = config.cluster.heartbeat;
  membership.dead_after = config.cluster.dead_after;
  membership.form_timeout = config.limits.form_timeout;
  return options;
}

actors::GatewayRole::Options gateway_options(const ClusterConfig& config, const ProcessHost& host,
                                             const std::string& model,
                                             actors::ProcessIdentity self) {
  actors::GatewayRole::Options options;
  options.gateway.model = model;
  options.gateway.max_jobs_per_client = std::size_t(config.limits.max_jobs_per_client);
  options.gateway.client_grace = config.limits.client_grace;
  options.member = member_options(config, host, std::move(self));
  return options;
}

}  // namespace unmask::cli
