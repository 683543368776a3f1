/// Every key of a cluster file, once: reading, showing and suggesting all go through here.

#pragma once

#include "runtime/config/cluster_config.h"

namespace unmask {

/// Calls `visit(key, field)` for every setting that is not of one worker, in the order of the file.
template <typename Config, typename Visit>
void for_each_setting(Config& config, Visit visit) {
  visit("cluster.replicas", config.cluster.replicas);
  visit("cluster.workers", config.cluster.workers);
  visit("cluster.heartbeat", config.cluster.heartbeat);
  visit("cluster.self_fence", config.cluster.self_fence);
  visit("cluster.dead_after", config.cluster.dead_after);
  visit("model.dir", config.model.dir);
  visit("model.dtype", config.model.dtype);
  visit("model.numerics", config.model.numerics);
  visit("model.mask_id", config.model.mask_id);
  visit("model.chat_template", config.model.chat_template);
  visit("coordinator.address", config.coordinator.address);
  visit("coordinator.http_port", config.coordinator.http_port);
  visit("gateway.address", config.gateway.address);
  visit("gateway.http_port", config.gateway.http_port);
  visit("http.address", config.http.address);
  visit("collective.interface", config.collective.interface);
  visit("compute.threads", config.compute.threads);
  visit("compute.kv_memory", config.compute.kv_memory);
  visit("compute.max_rows", config.compute.max_rows);
  visit("compute.instructions", config.compute.instructions);
  visit("security.curve", config.security.curve);
  visit("security.insecure", config.security.insecure);
  visit("security.secret_key", config.security.secret_key);
  visit("security.coordinator_key", config.security.coordinator_key);
  visit("security.allowed_nodes", config.security.allowed_nodes);
  visit("security.allowed_clients", config.security.allowed_clients);
  visit("security.operators", config.security.operators);
  visit("limits.max_waiting", config.limits.max_waiting);
  visit("limits.max_running", config.limits.max_running);
  visit("limits.max_jobs_per_client", config.limits.max_jobs_per_client);
  visit("limits.client_grace", config.limits.client_grace);
  visit("limits.max_connections", config.limits.max_connections);
  visit("limits.step_timeout", config.limits.step_timeout);
  visit("limits.form_timeout", config.limits.form_timeout);
  visit("limits.drain_timeout", config.limits.drain_timeout);
  visit("log.level", config.log.level);
  visit("log.format", config.log.format);
}

/// Calls `visit(key, field)` for every key of one `[[worker]]`.
template <typename Worker, typename Visit>
void for_each_worker_setting(Worker& worker, Visit visit) {
  visit("replica", worker.replica);
  visit("rank", worker.rank);
  visit("host", worker.host);
  visit("http_port", worker.http_port);
  visit("threads", worker.threads);
  visit("kv_memory", worker.kv_memory);
  visit("instructions", worker.instructions);
}

}  // namespace unmask
