#include "runtime/cli/commands/version.h"

#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "kernels/gpus.h"
#include "kernels/instruction_set.h"
#include "kernels/make_backend.h"
#include "rpc/openai/json_text.h"
#include "runtime/cli/command.h"
#include "runtime/cli/commands/source_version.h"
#include "runtime/cli/process/cluster_options.h"

namespace unmask::cli {
namespace {

struct VersionFlags {
  bool json = false;
  ClusterOptions cluster;
};

/// The set that a worker of this configuration computes with here.
Result<std::string> instructions_of(const ClusterOptions& cluster) {
  const Result<LoadedConfig> loaded = cluster.load();
  if (!loaded) return loaded.error();
  const auto wanted = kernels::instruction_set_of(loaded->config.compute.instructions);
  // The device is made, so that what it would refuse is refused in the same words.
  const auto device = kernels::make_backend({.num_threads = 1, .instructions = wanted});
  if (!device) return device.error();
  return std::string(kernels::name_of(wanted.value_or(kernels::best_instruction_set())));
}

int print_version(const VersionFlags& flags) {
  const std::string version(kVersion);
  const Result<std::string> instructions = instructions_of(flags.cluster);
  if (!instructions) return Reporter{flags.json}(instructions.error(), kBadConfig);
  const std::string& cpu = *instructions;
  const bool has_cuda = kernels::find_gpus().is_built_in;
  if (flags.json) {
    const boost::json::object object{{"version", version},  {"commit", kSourceCommit},
                                     {"date", kSourceDate}, {"compiler", "GCC " __VERSION__},
                                     {"cpu", cpu},          {"cuda", has_cuda}};
    std::printf("%s\n", rpc::json_text(object).c_str());
  } else {
    std::printf("unmask %s (commit %s of %s, built with GCC %s; computes with %s%s)\n",
                version.c_str(), kSourceCommit, kSourceDate, __VERSION__, cpu.c_str(),
                has_cuda ? " and CUDA" : "");
  }
  return kOk;
}

}  // namespace

void add_version(Command program) {
  Command command = program.add_command("version", "Which unmask this is, and what it runs on");
  command.set_group(kLookGroup);
  const auto flags = std::make_shared<VersionFlags>();
  command.add({.name = "--json", .help = "Print one JSON object"}, flags->json);
  command.add({.name = "--config",
               .help = "Cluster file (TOML) that may name the CPU instructions to compute with",
               .type = "FILE"},
              flags->cluster.config_file);
  command.set_action([flags] { return print_version(*flags); });
}

}  // namespace unmask::cli
