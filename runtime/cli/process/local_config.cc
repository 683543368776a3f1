#include "runtime/cli/process/local_config.h"

#include <cstdio>
#include <utility>

#include "runtime/cli/text/characters.h"

namespace unmask::cli {

Result<ClusterConfig> load_local_config(std::vector<ConfigFlag> flags) {
  std::erase_if(flags, [](const ConfigFlag& flag) { return flag.value.empty(); });
  Result<LoadedConfig> loaded = load_config({{}, config_environment(), std::move(flags)});
  if (!loaded) return loaded.error();
  warn(*loaded);
  loaded->config.cluster.replicas = 1;
  loaded->config.cluster.workers = 1;
  loaded->config.workers.clear();
  return std::move(loaded->config);
}

void warn(const LoadedConfig& loaded) {
  for (const std::string& warning : loaded.warnings) {
    std::fprintf(stderr, "unmask: warning: %s\n", printable(warning).c_str());
  }
}

}  // namespace unmask::cli
