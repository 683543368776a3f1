#include "runtime/cli/process/cluster_options.h"

#include <algorithm>
#include <array>

namespace unmask::cli {
namespace {

struct NamedSetting {
  const char* flag;
  const char* key;
  const char* type;
  const char* help;
};

constexpr std::array<NamedSetting, 13> kNamed{{
    {"--model", "model.dir", "DIR",
     "Hugging Face folder; default: the model that ships with unmask"},
    {"--dtype", "model.dtype", "TYPE", "Weights as auto (as stored), f32 or bf16"},
    {"--numerics", "model.numerics", "MODE",
     "exact: the same bytes for 1, 2, 4 and 8 workers; fast: any number of workers, and cuBLASLt "
     "on GPUs"},
    {"--threads", "compute.threads", "N", "Threads of each worker; default: a share of the cores"},
    {"--instructions", "compute.instructions", "SET",
     "CPU instructions of each worker: auto (the best it has), portable, avx2 or avx512"},
    {"--device", "compute.device", "DEVICE",
     "Where workers compute: auto (a GPU, if there is one), cpu, cuda (each on one) or cuda:N"},
    {"--gpu-memory", "compute.gpu_memory", "PART",
     "Part of a GPU's memory that its workers may take; default: 0.9"},
    {"--kv-memory", "compute.kv_memory", "BYTES", "KV cache of each worker, such as 512MiB"},
    {"--max-rows", "compute.max_rows", "N",
     "Rows of one step, and so positions of the longest canvas; default: 4096"},
    {"--mask-id", "model.mask_id", "ID", "The mask token, for a checkpoint that does not say"},
    {"--chat-template", "model.chat_template", "NAME",
     "A chat template by name, instead of the checkpoint's: chatml, ling, llada, llada2, unmask"},
    {"--log-level", "log.level", "LEVEL", "debug, info, warn or error"},
    {"--log-format", "log.format", "FORMAT", "text or json"},
}};

}  // namespace

void ClusterOptions::add_to(Command command) {
  command.add({.name = "--config", .help = "Cluster file (TOML)", .type = "FILE"}, config_file);
  for (const NamedSetting& named : kNamed) {
    const auto add = [this, named](const std::string& value) -> Result<> {
      flags.push_back({named.key, value, named.flag});
      return {};
    };
    command.add({.name = named.flag, .help = named.help, .type = named.type}, add);
  }
  command.add({.name = "--share-gpus", .help = "Let workers compute on the same GPU"}, share_gpus);
  const auto assign = [this](const std::string& assignment) -> Result<> {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::kInvalidArgument,
                   "wants section.key=value, not '" + assignment + "'"};
    }
    const std::string key = assignment.substr(0, equals);
    flags.push_back({key, assignment.substr(equals + 1), "--set " + key});
    return {};
  };
  command.add({.name = "--set",
               .help = "Any setting of a cluster file: `unmask config show` lists them",
               .type = "KEY=VALUE",
               .takes_many = true},
              assign);
}

void ClusterOptions::add_http_to(Command command) {
  const auto listen = [this](const std::string& text) -> Result<> {
    const Result<HostPort> address = parse_host_port(text);
    if (!address) return address.error();
    flags.push_back({"gateway.http_host", address->host, "--http"});
    flags.push_back({"gateway.http_port", std::to_string(address->port), "--http"});
    return {};
  };
  command.add(
      {.name = "--http",
       .help = "Where the gateway serves HTTP: a page, OpenAI's API; default: 127.0.0.1:8080",
       .type = "ADDR:PORT"},
      listen);
  const auto allow = [this](const std::string& key) -> Result<> {
    if (key.empty() || key.find(',') != std::string::npos) {
      return invalid("is a key without commas, and not empty");
    }
    const auto before = std::ranges::find(flags, "--api-key", &ConfigFlag::flag);
    if (before != flags.end()) {
      before->value += "," + key;
    } else {
      flags.push_back({"http.api_keys", key, "--api-key"});
    }
    return {};
  };
  command.add({.name = "--api-key",
               .help = "One that clients of OpenAI's API may show; several times for several",
               .type = "KEY",
               .takes_many = true},
              allow);
  const auto allow_file = [this](const std::string& path) -> Result<> {
    flags.push_back({"http.api_key_file", path, "--api-key-file"});
    return {};
  };
  command.add({.name = "--api-key-file",
               .help = "The same, one a line: other users of this machine cannot see them",
               .type = "FILE"},
              allow_file);
}

std::vector<ConfigFlag> ClusterOptions::all_flags() const {
  std::vector<ConfigFlag> all = flags;
  if (share_gpus) all.push_back({"compute.share_gpus", "true", "--share-gpus"});
  return all;
}

Result<LoadedConfig> ClusterOptions::load() const {
  return load_config({config_file, config_environment(), all_flags()});
}

std::vector<std::string> ClusterOptions::to_arguments() const {
  std::vector<std::string> arguments;
  if (!config_file.empty()) arguments = {"--config", config_file};
  for (const ConfigFlag& flag : all_flags()) {
    arguments.emplace_back("--set");
    arguments.push_back(flag.key + "=" + flag.value);
  }
  return arguments;
}

}  // namespace unmask::cli
