#include "runtime/config/cluster_config.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "runtime/config/device_name.h"
#include "runtime/config/value.h"

namespace unmask {
namespace {

Result<> check_choice(std::string_view key, const std::string& value,
                      std::initializer_list<std::string_view> choices) {
  if (std::ranges::find(choices, value) != choices.end()) return {};
  std::string known;
  for (const std::string_view choice : choices) {
    known.append(known.empty() ? "" : ", ").append(choice);
  }
  return invalid(std::string(key) + " is \"" + value + "\", not one of " + known);
}

Result<> check_range(std::string_view key, std::int64_t value, std::int64_t least,
                     std::int64_t most) {
  if (value >= least && value <= most) return {};
  return invalid(std::string(key) + " is " + std::to_string(value) + ", not from " +
                 std::to_string(least) + " to " + std::to_string(most));
}

Result<> first_error(std::initializer_list<Result<>> results) {
  for (const Result<>& result : results) {
    if (!result) return result.error();
  }
  return {};
}

Result<> check_instructions(std::string_view key, const std::string& value) {
  return check_choice(key, value, {"auto", "portable", "avx2", "avx512"});
}

Result<> check_device(std::string_view key, const std::string& value) {
  if (parse_device_name(value)) return {};
  return invalid(std::string(key) + " is \"" + value + "\", not auto, cpu, cuda or cuda:N");
}

Result<> check_gpu_memory(double part) {
  if (part > 0 && part <= 1) return {};
  return invalid("compute.gpu_memory is " + show_field(part) + ", not above 0 and up to 1");
}

Result<> check_workers(const ClusterConfig& config) {
  std::set<std::pair<std::int32_t, std::int32_t>> seen;
  for (const WorkerConfig& worker : config.workers) {
    const std::string who = "worker of replica " + std::to_string(worker.replica) + ", rank " +
                            std::to_string(worker.rank);
    if (worker.replica < 0 || worker.replica >= config.cluster.replicas || worker.rank < 0 ||
        worker.rank >= config.cluster.workers) {
      return invalid(who + " does not exist: there are " + std::to_string(config.cluster.replicas) +
                     " replicas of " + std::to_string(config.cluster.workers) + " workers");
    }
    if (!seen.emplace(worker.replica, worker.rank).second) return invalid(who + " is there twice");
    if (worker.host.empty()) return invalid(who + " has no host");
    const Result<> checked = first_error(
        {check_range(who + ": http_port", worker.http_port, 0, 65535),
         check_range(who + ": threads", worker.threads, 0, 4096),
         worker.instructions.empty()
             ? Result<>{}
             : check_instructions(who + ": instructions", worker.instructions),
         worker.device.empty() ? Result<>{} : check_device(who + ": device", worker.device)});
    if (!checked) return checked;
  }
  const std::size_t wanted =
      std::size_t(config.cluster.replicas) * std::size_t(config.cluster.workers);
  if (!seen.empty() && seen.size() != wanted) {
    return invalid("there are " + std::to_string(seen.size()) + " [[worker]] entries for " +
                   std::to_string(wanted) + " workers: leave all out, or write all");
  }
  return {};
}

Result<> check_security(const ClusterConfig& config) {
  const auto& security = config.security;
  for (const auto& [key, address] : {std::pair("coordinator.address", config.coordinator.address),
                                     std::pair("gateway.address", config.gateway.address)}) {
    if (!security.curve && !security.insecure && !is_loopback(address.host)) {
      return invalid(std::string(key) + " " + address.to_string() +
                     " can be reached from other machines: set security.curve, or "
                     "security.insecure if the network may be trusted");
    }
  }
  const auto& http = config.http;
  if (!is_loopback(config.gateway_http().host) && !config.gateway.http_host.empty() &&
      http.api_keys.empty() && http.api_key_file.empty()) {
    return invalid("gateway.http_host " + config.gateway.http_host +
                   " can be reached from other machines: set http.api_keys (--api-key) or "
                   "http.api_key_file (--api-key-file)");
  }
  if (!security.curve) return {};
  for (const auto& [key, file] : {std::pair("secret_key", security.secret_key),
                                  std::pair("coordinator_key", security.coordinator_key)}) {
    if (file.empty()) return invalid("security.curve needs security." + std::string(key));
  }
  return {};
}

}  // namespace

WorkerConfig ClusterConfig::worker(std::int32_t replica, std::int32_t rank) const {
  WorkerConfig worker{.replica = replica, .rank = rank};
  for (const WorkerConfig& entry : workers) {
    if (entry.replica == replica && entry.rank == rank) worker = entry;
  }
  if (worker.threads == 0) worker.threads = compute.threads;
  if (worker.kv_memory == 0) worker.kv_memory = compute.kv_memory;
  if (worker.instructions.empty()) worker.instructions = compute.instructions;
  if (worker.device.empty()) worker.device = compute.device;
  return worker;
}

Result<> ClusterConfig::validate() const {
  const Result<> values = first_error(
      {check_range("cluster.replicas", cluster.replicas, 1, 1024),
       check_range("cluster.workers", cluster.workers, 1, 64),
       check_choice("model.dtype", model.dtype, {"auto", "f32", "bf16"}),
       check_choice("model.numerics", model.numerics, {"exact", "fast"}),
       check_range("coordinator.http_port", coordinator.http_port, 0, 65535),
       check_range("gateway.http_port", gateway.http_port, 0, 65535),
       check_range("compute.threads", compute.threads, 0, 4096),
       check_range("compute.max_rows", compute.max_rows, 16, 1 << 17),
       check_range("compute.burst", compute.burst, 1, 64),
       check_range("compute.soft_rows", compute.soft_rows, 0, 1 << 24),
       check_range("compute.kv_memory", compute.kv_memory, 0, std::int64_t(1) << 50),
       check_instructions("compute.instructions", compute.instructions),
       check_device("compute.device", compute.device),
       check_gpu_memory(compute.gpu_memory),
       check_range("limits.max_waiting", limits.max_waiting, 1, 1 << 20),
       check_range("limits.max_running", limits.max_running, 1, 1 << 16),
       check_range("limits.max_jobs_per_client", limits.max_jobs_per_client, 1, 1 << 16),
       check_range("limits.max_connections", limits.max_connections, 1, 1 << 16),
       check_choice("log.level", log.level, {"debug", "info", "warn", "warning", "error"}),
       check_choice("log.format", log.format, {"text", "json"})});
  if (!values) return values;

  if (model.numerics == "exact" && 8 % cluster.workers != 0) {
    return invalid("cluster.workers is " + std::to_string(cluster.workers) +
                   ", but with model.numerics = \"exact\" it must be 1, 2, 4 or 8: set "
                   "model.numerics to \"fast\"");
  }
  if (cluster.heartbeat <= Milliseconds(0) || cluster.heartbeat >= cluster.self_fence ||
      cluster.self_fence >= cluster.dead_after) {
    return invalid(
        "cluster.heartbeat must be less than cluster.self_fence, and that less than "
        "cluster.dead_after");
  }
  return first_error({check_workers(*this), check_security(*this)});
}

}  // namespace unmask
