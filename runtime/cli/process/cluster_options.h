#pragma once

#include <string>
#include <vector>

#include "runtime/cli/command_line.h"
#include "runtime/config/config.h"

namespace unmask::cli {

/// The flags with which a command says what the cluster is: a file, and settings on top of it.
struct ClusterOptions {
  std::string config_file;
  std::vector<ConfigFlag> flags;  ///< in the order of writing; the last one counts

  bool share_gpus = false;

  void add_to(Command command);

  /// --http, --api-key, --api-key-file: for what has a gateway.
  void add_http_to(Command command);

  /// Errors  those of load_config(); kInvalidArgument: a --set without "="
  [[nodiscard]] Result<LoadedConfig> load() const;

  /// Sets one more setting, stronger than those before.
  void set(const std::string& key, const std::string& value) { flags.push_back({key, value, key}); }

  /// The flags that make another process of this program load the same.
  [[nodiscard]] std::vector<std::string> to_arguments() const;

 private:
  [[nodiscard]] std::vector<ConfigFlag> all_flags() const;
};

}  // namespace unmask::cli
