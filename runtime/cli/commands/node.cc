#include <cstdio>
#include <memory>

#include "runtime/cli/command.h"
#include "runtime/cli/process/cluster_options.h"
#include "runtime/cli/process/local_config.h"
#include "runtime/cli/process/node_process.h"

namespace unmask::cli {
namespace {

struct NodeOptions {
  ClusterOptions cluster;
  std::string role;
  std::int32_t rank = -1;
  NodeStart start;
};

int run_node(const NodeOptions& options) {
  const Result<LoadedConfig> loaded = options.cluster.load();
  if (!loaded) return report(loaded.error(), kBadConfig);
  if (!options.start.announces) warn(*loaded);  // `unmask up` has said it
  const ClusterConfig& config = loaded->config;
  if (config.security.insecure && !config.security.curve) {
    std::fprintf(stderr,
                 "unmask: warning: security.insecure: whoever reaches this process's ports can use "
                 "and disturb the cluster\n");
  }
  if (options.role == "coordinator") return run_coordinator(config, options.start);
  if (options.role == "gateway") return run_gateway(config, options.start);
  const std::int32_t num_workers = config.cluster.replicas * config.cluster.workers;
  if (options.rank < 0 || options.rank >= num_workers) {
    return report(Error{ErrorCode::kInvalidArgument,
                        "a worker needs --rank from 0 to " + std::to_string(num_workers - 1) +
                            ": the cluster has " + std::to_string(num_workers) + " workers"});
  }
  return run_worker(config,
                    {actors::Role::kWorker, options.rank / config.cluster.workers,
                     options.rank % config.cluster.workers},
                    options.start);
}

}  // namespace

void add_node(Command program) {
  const auto options = std::make_shared<NodeOptions>();
  Command command =
      program.add_command("node", "Run one process of a cluster that spans several hosts");
  command.set_group(kClusterGroup);
  command.set_footer(
      "On every host, with the same file (deploy/three-hosts/cluster.toml is an example):\n"
      "  unmask node --config cluster.toml --role coordinator\n"
      "  unmask node --config cluster.toml --role gateway\n"
      "  unmask node --config cluster.toml --role worker --rank 0\n"
      "Order does not matter; until all are there the coordinator names who is missing.\n"
      "SIGTERM drains: no new jobs, accepted ones end; a second SIGTERM ends at once.");
  options->cluster.add_to(command);
  options->cluster.add_http_to(command);
  command.add({.name = "--role",
               .help = "coordinator, gateway or worker",
               .type = "ROLE",
               .is_required = true,
               .one_of = {"coordinator", "gateway", "worker"}},
              options->role);
  command.add(
      {.name = "--rank",
       .help = "Of a worker, counted from 0 over all replicas: replica 1 of 2 workers has 2, 3",
       .type = "K"},
      options->rank);
  // For `unmask up`:
  command.add({.name = "--announce", .is_hidden = true}, options->start.announces);
  command.add({.name = "--may-move", .is_hidden = true}, options->start.may_move);
  command.add({.name = "--http-may-move", .is_hidden = true}, options->start.http_may_move);
  command.add({.name = "--last-http-port", .type = "PORT", .is_hidden = true},
              options->start.http_port);
  command.add({.name = "--last-end", .type = "REASON", .is_hidden = true}, options->start.last_end);
  command.add({.name = "--last-words", .type = "TEXT", .is_hidden = true},
              options->start.last_words);
  command.set_action([options] { return run_node(*options); });
}

}  // namespace unmask::cli
