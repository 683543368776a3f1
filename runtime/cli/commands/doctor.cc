#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kernels/fast_products.h"
#include "kernels/gpus.h"
#include "kernels/instruction_set.h"
#include "rpc/collective/nccl.h"
#include "rpc/openai/json_text.h"
#include "rpc/zmq/zmq_options.h"
#include "runtime/cli/command.h"
#include "runtime/cli/commands/doctor_model.h"
#include "runtime/cli/doctor/check_text.h"
#include "runtime/cli/doctor/cluster_checks.h"
#include "runtime/cli/doctor/gpu_checks.h"
#include "runtime/cli/doctor/machine_checks.h"
#include "runtime/cli/process/cluster_options.h"
#include "runtime/cli/process/local_config.h"
#include "runtime/cli/process/memory_report.h"
#include "runtime/cli/text/terminal.h"
#include "runtime/os/descriptors.h"
#include "runtime/os/huge_pages.h"
#include "runtime/os/try_listen.h"

namespace unmask::cli {
namespace {

constexpr const char* kDoctorExamples = R"(Examples:
  unmask doctor                                  this machine, and the model that ships with unmask
  unmask doctor --config cluster.toml            with the addresses, model and device of a cluster
  unmask doctor --device cuda --model LLaDA-MoE-7B-A1B-Instruct
  unmask doctor --json | jq '.checks[] | select(.verdict == "problem")'
  unmask doctor model LLaDA-8B-Instruct          every tensor, and how many canvases fit where

It exits with 0 if nothing is a problem; what is a note works all the same.)";

using Checks = std::vector<Check>;

void append(Checks& all, Checks more) {
  for (Check& check : more) all.push_back(std::move(check));
}

Checks look_at_gpus(const ClusterConfig& config) {
  const kernels::Gpus gpus = kernels::find_gpus();
  const bool is_wanted = wants_gpu(config);
  Checks checks{check_driver(gpus, is_wanted)};
  append(checks, check_gpus(gpus, is_wanted));
  append(checks, check_peers(gpus, find_gpus_apart(gpus)));
  if (gpus.is_built_in) {
    checks.push_back(check_nccl(rpc::nccl_version(config.collective.nccl_library), gpus,
                                config.collective.interface));
    checks.push_back(check_cublas_lt(kernels::cublas_lt_version(config.compute.cublas_lt_library),
                                     config.model.numerics));
  }
  return checks;
}

Checks look_at_machine(const ClusterConfig& config) {
  return {check_cpu(kernels::best_instruction_set(), int(std::thread::hardware_concurrency())),
          check_memory(kernels::host_memory()),
          check_huge_pages(huge_pages_mode()),
          check_descriptors(raise_descriptor_limit(), std::size_t(config.limits.max_connections),
                            rpc::ZmqOptions{}.max_connections),
          check_clock(clock_sync()),
          check_loopback(try_listen({"127.0.0.1", 0}))};
}

Checks look_at_addresses(const ClusterConfig& config) {
  Checks checks;
  for (const ListenedAddress& address : listened_addresses(config)) {
    checks.push_back(check_address(address, try_listen(address.at)));
  }
  return checks;
}

Checks look_at_model(const ClusterConfig& config) {
  const Result<ServedModel> model = open_served_model(config.model);
  Checks checks = check_model(model);
  // The plan is that of the first worker, which may be another machine's.
  if (model && try_listen({config.worker(0, 0).host, 0})) {
    checks.push_back(check_memory_plan(memory_report(*model, config)));
  }
  return checks;
}

int examine(const ClusterOptions& options, bool as_json) {
  const Result<LoadedConfig> loaded = options.load();
  if (!loaded) return Reporter{as_json}(loaded.error(), kBadConfig);
  warn(*loaded);
  Checks checks = look_at_gpus(loaded->config);
  append(checks, look_at_machine(loaded->config));
  if (!options.config_file.empty()) append(checks, look_at_addresses(loaded->config));
  append(checks, look_at_model(loaded->config));
  const int num_problems = count_of(Verdict::kProblem, checks);
  if (as_json) {
    const boost::json::object answer{{"checks", to_json(checks)},
                                     {"notes", count_of(Verdict::kNote, checks)},
                                     {"problems", num_problems}};
    std::printf("%s\n", rpc::json_text(answer).c_str());
  } else {
    std::fputs(to_text(checks, terminal_of(fileno(stdout)).has_color).c_str(), stdout);
  }
  return num_problems == 0 ? kOk : kFailed;
}

}  // namespace

void add_doctor(Command program) {
  Command command = program.add_command("doctor", "What here works, and what to do about the rest");
  command.set_group(kLookGroup);
  command.set_footer(kDoctorExamples);
  const auto options = std::make_shared<ClusterOptions>();
  const auto as_json = std::make_shared<bool>(false);
  options->add_to(command);
  command.add({.name = "--json", .help = "Print one JSON object"}, *as_json);
  command.set_action([options, as_json] { return examine(*options, *as_json); });
  add_doctor_model(command);
}

}  // namespace unmask::cli
