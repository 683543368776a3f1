/// What a cluster file says. Every field has its default here; keys are `section.field`.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/os/host_port.h"

namespace unmask {

using Milliseconds = std::chrono::milliseconds;

/// One `[[worker]]`: what is peculiar to one rank. Without any, all workers are alike and local.
struct WorkerConfig {
  std::int32_t replica = 0;
  std::int32_t rank = 0;
  std::string host = "127.0.0.1";  ///< at which the other ranks reach its collective
  std::int32_t http_port = 0;      ///< 0: any free one
  std::int32_t threads = 0;        ///< 0: compute.threads
  std::int64_t kv_memory = 0;      ///< bytes; 0: compute.kv_memory
  std::string instructions{};      ///< empty: compute.instructions
  std::string device{};            ///< empty: compute.device
};

struct ClusterConfig {
  struct Cluster {
    std::int32_t replicas = 1;
    std::int32_t workers = 1;  ///< per replica
    Milliseconds heartbeat{250};
    Milliseconds self_fence{2500};  ///< a process that hears nothing for this long ends
    Milliseconds dead_after{3500};  ///< and is taken for dead after this long
  };
  struct Model {
    std::string dir{};           ///< empty: the one that ships with unmask
    std::string dtype = "auto";  ///< auto, f32, bf16
    std::string numerics = "exact";
    std::int32_t mask_id = -1;    ///< -1: as the checkpoint says
    std::string chat_template{};  ///< a name; empty: the checkpoint's own
  };
  struct Coordinator {
    HostPort address{"127.0.0.1", 7401};  ///< the other processes dial it
    std::int32_t http_port = 0;
  };
  struct Gateway {
    HostPort address{"127.0.0.1", 7400};  ///< clients dial it
    std::string http_host{};              ///< empty: http.address
    std::int32_t http_port = 8080;
  };
  struct Http {
    std::string address = "127.0.0.1";    ///< every process's HTTP server binds it
    std::vector<std::string> api_keys{};  ///< of clients of OpenAI's API
    std::string api_key_file{};           ///< the same, one a line
    Milliseconds keep_alive{15'000};      ///< of silent event streams; 0: none
  };
  struct Collective {
    std::string interface {
    };  ///< network interface for tensors; empty: the one of the worker's host
    std::string nccl_library = "libnccl.so.2";  ///< a file, or a name for the loader to look up
  };
  struct Compute {
    std::int32_t threads = 0;       ///< per worker; 0: the machine's cores, shared by its workers
    std::int64_t kv_memory = 0;     ///< bytes per worker; 0: a share of what is free
    std::int32_t max_rows = 4096;   ///< of one step; as many positions as a canvas may have
    std::int32_t burst = 8;         ///< forwards that workers make in a row without being asked
    std::int32_t soft_rows = 4096;  ///< positions of smoothed jobs that a worker can keep
    std::string instructions = "auto";  ///< auto (the best of the machine), portable, avx2, avx512
    std::string device = "auto";        ///< auto (a GPU, if there is one), cpu, cuda, cuda:N
    bool share_gpus = false;            ///< workers of one machine may compute on the same GPU
    bool graphs = true;                 ///< a GPU's forwards are recorded, as CUDA graphs
    std::string cublas_lt_library =
        "libcublasLt.so.13";         ///< a file, or a name for the loader to look up
    std::string cache_dir = "auto";  ///< a folder; auto: the user's; none: nothing is kept
    double gpu_memory = 0.9;         ///< part of a GPU's memory that its workers may take
  };
  struct Security {
    bool curve = false;             ///< encrypt and authenticate what travels over ZeroMQ
    bool insecure = false;          ///< listen beyond this machine without curve
    std::string secret_key{};       ///< file: this process's own
    std::string coordinator_key{};  ///< file: the coordinator's public key
    std::vector<std::string> allowed_nodes{};    ///< files: public keys of workers and gateways
    std::vector<std::string> allowed_clients{};  ///< files: public keys of clients
    std::vector<std::string> operators{};        ///< files: keys of clients who see all jobs
  };
  struct Limits {
    std::int32_t max_waiting = 1024;         ///< jobs; beyond this they are refused
    std::int32_t max_running = 256;          ///< jobs in one replica's batch
    std::int32_t max_jobs_per_client = 256;  ///< unfinished jobs of one connection
    Milliseconds client_grace{30'000};    ///< a job whose client is gone for so long is cancelled
    std::int32_t max_connections = 1024;  ///< of HTTP, per process
    Milliseconds step_timeout{30'000};    ///< an answer later than this ends the group
    Milliseconds form_timeout{30'000};    ///< for the ranks of a group to find each other
    Milliseconds drain_timeout{30'000};   ///< from SIGTERM until the rest is dropped
  };
  struct Logging {
    std::string level = "info";   ///< debug, info, warning, error
    std::string format = "text";  ///< text, json
  };

  Cluster cluster;
  Model model;
  Coordinator coordinator;
  Gateway gateway;
  Http http;
  Collective collective;
  Compute compute;
  Security security;
  Limits limits;
  Logging log;
  std::vector<WorkerConfig> workers{};  ///< `[[worker]]`: none, or one for every rank

  /// The entry of a rank; the defaults if there are none.
  [[nodiscard]] WorkerConfig worker(std::int32_t replica, std::int32_t rank) const;

  /// Where the gateway serves HTTP.
  [[nodiscard]] HostPort gateway_http() const {
    return {gateway.http_host.empty() ? http.address : gateway.http_host,
            std::uint16_t(gateway.http_port)};
  }

  /// What no single value shows: that they fit each other.
  [[nodiscard]] Result<> validate() const;
};

}  // namespace unmask
