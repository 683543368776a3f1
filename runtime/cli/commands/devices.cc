#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "kernels/fast_products.h"
#include "kernels/gpus.h"
#include "kernels/instruction_set.h"
#include "rpc/collective/nccl.h"
#include "rpc/openai/json_text.h"
#include "runtime/base/show_bytes.h"
#include "runtime/cli/command.h"
#include "runtime/cli/process/cluster_options.h"
#include "runtime/cli/process/device_choice.h"
#include "runtime/cli/process/served_model.h"
#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

constexpr const char* kDevicesExamples = R"(Examples:
  unmask devices                     GPUs, NCCL and cuBLASLt, the CPU, and which one is chosen
  CUDA_VISIBLE_DEVICES=1 unmask devices
  unmask devices --json | jq '.gpus[].memory_bytes'

Libraries are looked up where others are; UNMASK_COLLECTIVE_NCCL_LIBRARY and
UNMASK_COMPUTE_CUBLAS_LT_LIBRARY name others, as the settings do. A worker takes a device with --device: auto (a GPU, if there is one), cpu, cuda (worker i on GPU i) or
cuda:N.)";

json::object to_json(const kernels::Gpu& gpu) {
  return {{"index", gpu.index},
          {"name", gpu.name},
          {"capability", gpu.capability},
          {"memory_bytes", gpu.total_bytes},
          {"is_usable", gpu.problem.empty()},
          {"problem", gpu.problem}};
}

/// What GPUs are used with beside CUDA, each found or not: loaded to ask for its version.
struct Libraries {
  Result<std::string> nccl, cublas_lt;
};

json::object to_json(const Result<std::string>& version) {
  return {{"version", version ? *version : std::string()},
          {"problem", version ? std::string() : version.error().message}};
}

json::object to_json(const kernels::Gpus& gpus, const Libraries& libraries,
                     const std::string& chosen) {
  json::array list;
  for (const kernels::Gpu& gpu : gpus.all) list.push_back(to_json(gpu));
  json::array sets;
  for (const kernels::InstructionSet set : kernels::kInstructionSets) {
    if (is_available(set)) sets.push_back(json::string(name_of(set)));
  }
  const kernels::MemoryInfo memory = kernels::host_memory();
  json::object cpu{{"instructions", json::string(name_of(kernels::best_instruction_set()))},
                   {"available", std::move(sets)},
                   {"memory_bytes", memory.total_bytes},
                   {"free_bytes", memory.free_bytes}};
  return {
      {"gpus", std::move(list)},
      {"gpu_problem", gpus.problem},
      {"driver", kernels::show_cuda_version(gpus.driver_version)},
      {"cuda", gpus.is_built_in ? kernels::show_cuda_version(gpus.runtime_version) : std::string()},
      {"nccl", to_json(libraries.nccl)},
      {"cublas_lt", to_json(libraries.cublas_lt)},
      {"cpu", std::move(cpu)},
      {"chosen", chosen}};
}

void print_library(const char* name, const char* version_of, const Result<std::string>& version) {
  const std::string found = version ? version_of + *version : "none: " + version.error().message;
  std::printf("%s %s\n", name, printable(found).c_str());
}

void print(const kernels::Gpus& gpus, const Libraries& libraries, const std::string& chosen) {
  for (const kernels::Gpu& gpu : gpus.all) {
    std::printf("cuda:%d  %s, sm_%d, %s%s\n", gpu.index, printable(gpu.name).c_str(),
                gpu.capability, show_bytes(gpu.total_bytes).c_str(),
                gpu.problem.empty() ? "" : ("; cannot be used: " + gpu.problem).c_str());
  }
  if (!gpus.problem.empty()) std::printf("cuda    none: %s\n", printable(gpus.problem).c_str());
  if (gpus.is_built_in) {
    print_library("nccl   ", "NCCL ", libraries.nccl);
    print_library("cublas ", "cuBLASLt ", libraries.cublas_lt);
  }
  const kernels::MemoryInfo memory = kernels::host_memory();
  std::printf("cpu     %s, %s of %s free\n",
              std::string(name_of(kernels::best_instruction_set())).c_str(),
              show_bytes(memory.free_bytes).c_str(), show_bytes(memory.total_bytes).c_str());
  std::printf("\n--device auto computes on %s\n", chosen.c_str());
}

int show_devices(bool as_json) {
  const Result<LoadedConfig> loaded = ClusterOptions{}.load();  // from the environment
  if (!loaded) return Reporter{as_json}(loaded.error(), kBadConfig);
  const ClusterConfig& config = loaded->config;
  const kernels::Gpus gpus = kernels::find_gpus();
  const auto choice = choose_devices({"auto"}, gpus, false);
  if (!choice) return Reporter{as_json}(choice.error(), kBadConfig);
  const std::string chosen = describe(choice->front(), gpus, {});
  const Libraries libraries{rpc::nccl_version(config.collective.nccl_library),
                            kernels::cublas_lt_version(config.compute.cublas_lt_library)};
  if (as_json) {
    std::printf("%s\n", rpc::json_text(to_json(gpus, libraries, chosen)).c_str());
  } else {
    print(gpus, libraries, chosen);
  }
  return kOk;
}

}  // namespace

void add_devices(Command program) {
  Command command = program.add_command("devices", "The GPUs and the CPU, and which is chosen");
  command.set_group(kLookGroup);
  command.set_footer(kDevicesExamples);
  const auto as_json = std::make_shared<bool>(false);
  command.add({.name = "--json", .help = "Print one JSON object"}, *as_json);
  command.set_action([as_json] { return show_devices(*as_json); });
}

}  // namespace unmask::cli
