/// Every key of a cluster file, once: reading, showing, explaining and suggesting all go through
/// here. `help` is half a sentence on what the value is.

#pragma once

#include "runtime/config/cluster_config.h"

namespace unmask {

/// Calls `visit(key, field, help)` for every setting that is not of one worker, in the order of the
/// file.
template <typename Config, typename Visit>
void for_each_setting(Config& config, Visit visit) {
  visit("cluster.replicas", config.cluster.replicas,
        "copies of the model, each with its own workers");
  visit("cluster.workers", config.cluster.workers, "workers that share the model, per replica");
  visit("cluster.heartbeat", config.cluster.heartbeat,
        "how often processes tell each other that they are there");
  visit("cluster.self_fence", config.cluster.self_fence,
        "a process that hears nothing for so long ends");
  visit("cluster.dead_after", config.cluster.dead_after,
        "a process that is not heard of for so long is taken for dead");
  visit("model.dir", config.model.dir,
        "Hugging Face folder; empty: the model that ships with unmask");
  visit("model.dtype", config.model.dtype, "of the weights: auto (as stored), f32 or bf16");
  visit("model.numerics", config.model.numerics,
        "exact: the same bytes for 1, 2, 4 and 8 workers; fast: any number of workers, and "
        "cuBLASLt on GPUs");
  visit("model.mask_id", config.model.mask_id, "the mask token; -1: as the checkpoint says");
  visit("model.chat_template", config.model.chat_template,
        "a chat template by name; empty: the checkpoint's own");
  visit("coordinator.address", config.coordinator.address,
        "where the other processes reach the coordinator");
  visit("coordinator.http_port", config.coordinator.http_port,
        "of the coordinator's metrics and health; 0: any free one");
  visit("gateway.address", config.gateway.address, "where clients reach the gateway");
  visit("gateway.http_host", config.gateway.http_host,
        "on which the gateway serves HTTP, OpenAI's API too; empty: http.address");
  visit("gateway.http_port", config.gateway.http_port,
        "of the gateway's API, metrics and health; 0: any free one");
  visit("http.address", config.http.address, "on which every process serves HTTP");
  visit("http.api_keys", config.http.api_keys,
        "that clients of OpenAI's API have to show; needed where other machines reach the gateway");
  visit("http.api_key_file", config.http.api_key_file, "more of them, one a line");
  visit("http.keep_alive", config.http.keep_alive,
        "a stream of events that was silent for so long gets a comment; 0: never");
  visit("collective.interface", config.collective.interface,
        "network interface for tensors; empty: the one of the worker's host, or NCCL's choice");
  visit("collective.nccl_library", config.collective.nccl_library,
        "NCCL, for GPUs: a file, or a name to look up where libraries are");
  visit("compute.threads", config.compute.threads,
        "of each worker; 0: the machine's cores, shared by its workers");
  visit("compute.kv_memory", config.compute.kv_memory,
        "of the KV cache of each worker; 0: a share of what is free");
  visit("compute.max_rows", config.compute.max_rows,
        "of one step, and so positions of the longest canvas");
  visit("compute.burst", config.compute.burst,
        "forwards that workers make in a row without a round trip, with few jobs; 1: none");
  visit("compute.soft_rows", config.compute.soft_rows,
        "generated positions of all smoothed jobs that run at once; 0: none is accepted");
  visit("compute.instructions", config.compute.instructions,
        "of the CPU: auto (the best it has), portable, avx2 or avx512");
  visit("compute.device", config.compute.device,
        "where workers compute: auto (a GPU, if there is one), cpu, cuda (each on one) or cuda:N");
  visit("compute.share_gpus", config.compute.share_gpus,
        "let workers of one machine compute on the same GPU");
  visit("compute.graphs", config.compute.graphs,
        "record the forwards of a GPU as CUDA graphs; false: enqueue each operation every time");
  visit("compute.cublas_lt_library", config.compute.cublas_lt_library,
        "cuBLASLt, for GPUs under numerics=fast: a file, or a name to look up where libraries are");
  visit("compute.cache_dir", config.compute.cache_dir,
        "folder of what is measured of a GPU at the first start; auto: ~/.cache/unmask; none: "
        "measured at every start");
  visit("compute.gpu_memory", config.compute.gpu_memory,
        "the part of a GPU's memory that its workers may take, above 0 and up to 1");
  visit("security.curve", config.security.curve,
        "encrypt and authenticate what travels over ZeroMQ");
  visit("security.insecure", config.security.insecure,
        "listen beyond this machine without encryption");
  visit("security.secret_key", config.security.secret_key, "file with this process's own key");
  visit("security.coordinator_key", config.security.coordinator_key,
        "file with the coordinator's public key");
  visit("security.allowed_nodes", config.security.allowed_nodes,
        "files with the public keys of workers and gateways");
  visit("security.allowed_clients", config.security.allowed_clients,
        "files with the public keys of clients");
  visit("security.operators", config.security.operators,
        "files with the public keys of clients who see the jobs of all");
  visit("limits.max_waiting", config.limits.max_waiting,
        "jobs that may wait; beyond this they are refused");
  visit("limits.max_running", config.limits.max_running, "jobs in one replica's batch");
  visit("limits.max_jobs_per_client", config.limits.max_jobs_per_client,
        "unfinished jobs of one client");
  visit("limits.client_grace", config.limits.client_grace,
        "a job whose client is gone for so long is cancelled");
  visit("limits.max_connections", config.limits.max_connections, "of HTTP, to one process");
  visit("limits.step_timeout", config.limits.step_timeout,
        "a worker's answer that is later than this ends its group");
  visit("limits.form_timeout", config.limits.form_timeout,
        "for the workers of a group to find each other");
  visit("limits.drain_timeout", config.limits.drain_timeout,
        "from a signal to end until what is left is dropped");
  visit("log.level", config.log.level, "debug, info, warn or error");
  visit("log.format", config.log.format, "text or json");
}

/// Calls `visit(key, field, help)` for every key of one `[[worker]]`.
template <typename Worker, typename Visit>
void for_each_worker_setting(Worker& worker, Visit visit) {
  visit("replica", worker.replica, "of which this worker is one");
  visit("rank", worker.rank, "of this worker within its replica");
  visit("host", worker.host, "at which the other ranks reach it");
  visit("http_port", worker.http_port, "of its metrics and health; 0: any free one");
  visit("threads", worker.threads, "0: compute.threads");
  visit("kv_memory", worker.kv_memory, "0: compute.kv_memory");
  visit("instructions", worker.instructions, "empty: compute.instructions");
  visit("device", worker.device, "empty: compute.device");
}

}  // namespace unmask
