/// Reads the configuration of a process: a flag beats the environment beats the file beats the
/// default.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/config/cluster_config.h"

namespace unmask {

enum class ConfigSource : std::uint8_t { kDefault, kFile, kEnvironment, kFlag };

/// A line of `unmask config show`.
struct ConfigEntry {
  std::string key{};
  std::string value{};  ///< as it could be written
  ConfigSource source = ConfigSource::kDefault;
  std::string origin{};  ///< `cluster.toml:12`, `UNMASK_MODEL_DIR`, `--model`; empty for a default
  std::string help{};    ///< what it is, in half a sentence
};

/// What the command line says about one setting.
struct ConfigFlag {
  std::string key{};  ///< `model.dir`
  std::string value{};
  std::string flag{};  ///< `--model`, to be named in errors
};

struct ConfigInputs {
  std::string file{};                                ///< path of a cluster file; empty: none
  std::map<std::string, std::string> environment{};  ///< see config_environment()
  std::vector<ConfigFlag> flags{};
};

struct LoadedConfig {
  ClusterConfig config;
  std::vector<ConfigEntry> entries{};   ///< every setting, in the order of the file
  std::vector<std::string> warnings{};  ///< UNMASK_ variables that look like typing mistakes
};

/// Errors: kNotFound if there is no such file; kInvalidArgument naming file, line and key for
/// everything that cannot be right.
Result<LoadedConfig> load_config(const ConfigInputs& inputs);

/// What a `[[worker]]` may say, with its defaults: `worker.host`.
std::vector<ConfigEntry> worker_settings();

/// This process's variables that begin with UNMASK_. `model.dir` is UNMASK_MODEL_DIR.
std::map<std::string, std::string> config_environment();

}  // namespace unmask
