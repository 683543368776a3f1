#include <cstdio>
#include <memory>

#include "runtime/cli/cluster_options.h"
#include "runtime/cli/command.h"
#include "runtime/cli/local_config.h"
#include "runtime/cli/node_process.h"

namespace unmask::cli {
namespace {

struct NodeOptions {
  ClusterOptions cluster;
  std::string role;
  std::int32_t rank = -1;
  bool announces = false;
};

int run_node(const NodeOptions& options) {
  const Result<LoadedConfig> loaded = options.cluster.load();
  if (!loaded) return report(loaded.error(), kBadConfig);
  if (!options.announces) warn(*loaded);  // `unmask up` has said it
  const ClusterConfig& config = loaded->config;
  if (config.security.insecure && !config.security.curve) {
    std::fprintf(stderr,
                 "unmask: warning: security.insecure: whoever reaches this process's ports can use "
                 "and disturb the cluster\n");
  }
  if (options.role == "coordinator") return run_coordinator(config, options.announces);
  if (options.role == "gateway") return run_gateway(config, options.announces);
  const std::int32_t num_workers = config.cluster.replicas * config.cluster.workers;
  if (options.rank < 0 || options.rank >= num_workers) {
    return report(Error{ErrorCode::kInvalidArgument,
                        "a worker needs --rank from 0 to " + std::to_string(num_workers - 1) +
                            ": the cluster has " + std::to_string(num_workers) + " workers"});
  }
  return run_worker(config, {actors::Role::kWorker, options.rank / config.cluster.workers,
                             options.rank % config.cluster.workers});
}

}  // namespace

void add_node(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<NodeOptions>();
  CLI::App* command =
      app.add_subcommand("node", "Run one process of a cluster that spans several hosts");
  command->group(kClusterGroup);
  command->footer(
      "On every host, with the same file (deploy/three-hosts/cluster.toml is an example):\n"
      "  unmask node --config cluster.toml --role coordinator\n"
      "  unmask node --config cluster.toml --role gateway\n"
      "  unmask node --config cluster.toml --role worker --rank 0\n"
      "Order does not matter; until all are there the coordinator names who is missing.\n"
      "SIGTERM drains: no new jobs, accepted ones end; a second SIGTERM ends at once.");
  options->cluster.add_to(*command);
  command->add_option("--role", options->role, "coordinator, gateway or worker")
      ->required()
      ->check(CLI::IsMember({"coordinator", "gateway", "worker"}))
      ->type_name("ROLE");
  command
      ->add_option("--rank", options->rank,
                   "Of a worker, counted from 0 over all replicas: replica 1 of 2 workers has 2, 3")
      ->type_name("K");
  command->add_flag("--announce", options->announces)->group("");  // for `unmask up`
  command->callback([options, &exit_code] { exit_code = run_node(*options); });
}

}  // namespace unmask::cli
