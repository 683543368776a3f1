#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/messages.h"
#include "rpc/http/http_server.h"
#include "runtime/cli/process/process_host.h"
#include "runtime/config/cluster_config.h"
#include "runtime/os/descriptors.h"

namespace unmask::cli {

/// `worker 1`, counted over all replicas; `coordinator`.
[[nodiscard]] std::string slot_name(const ClusterConfig& config, const actors::Slot& slot);

/// How `unmask up` wants a process started; others leave all as it is.
struct NodeStart {
  bool announces = false;      ///< prints where it listens
  bool may_move = false;       ///< a gateway whose port is taken listens on any free one
  bool http_may_move = false;  ///< so does its HTTP server
  int http_port = 0;         ///< of its last life, to be had again if it is free; 0: as configured
  std::string last_end{};    ///< why that ended, as name_of(EndReason) has it
  std::string last_words{};  ///< and in a sentence
};

/// What the processes of a cluster have in common: a host, an HTTP server, and what they tell
/// whoever started them.
class NodeProcess {
 public:
  NodeProcess(const ClusterConfig& config, actors::Slot slot, const NodeStart& start);

  /// Opens the HTTP server. not_ready_reason: as of add_process_routes(); may be set later.
  ///
  /// How many may connect, as far as there are descriptors.
  [[nodiscard]] const ConnectionLimits& connections() const { return connections_; }

  /// Errors  kUnavailable naming the address
  Result<> serve_http();
  void set_readiness(std::function<std::string()> not_ready_reason);

  /// Once serve_http() returned.
  [[nodiscard]] rpc::HttpServer& http() { return *http_; }
  [[nodiscard]] ProcessHost& host() { return host_; }
  /// Known in full once serve_http() returned.
  [[nodiscard]] const actors::ProcessIdentity& self() const { return self_; }

  /// Prints one line on stdout, if it is started so: where this process listens. Its control thread
  /// turns from now on.
  void announce(const HostPort& listening) const;

 private:
  const ClusterConfig& config_;
  const NodeStart start_;
  const std::string name_;
  ProcessHost host_;
  actors::ProcessIdentity self_;
  std::function<std::string()> not_ready_reason_;
  const ConnectionLimits connections_;
  std::unique_ptr<rpc::HttpServer> http_;
};

/// What a process prints with NodeProcess::announce().
struct Announcement {
  std::string address;  ///< `host:port`, for its peers
  HostPort http;

  [[nodiscard]] std::string to_line() const;
  /// None if `line` is no such.
  static std::optional<Announcement> parse(const std::string& line);
};

/// One process of a cluster from its start to its exit code.
int run_coordinator(const ClusterConfig& config, const NodeStart& start);
int run_gateway(const ClusterConfig& config, const NodeStart& start);
int run_worker(const ClusterConfig& config, actors::Slot slot, const NodeStart& start);

}  // namespace unmask::cli
