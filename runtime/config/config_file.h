#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/config/value.h"

namespace unmask {

struct ConfigFileValue {
  ConfigValue value;
  int line = 0;
};

/// A cluster file as `section.key` and its values, not yet understood.
struct ConfigFile {
  using Section = std::map<std::string, ConfigFileValue>;

  Section settings;              ///< `model.dir`
  std::vector<Section> workers;  ///< keys of each `[[worker]]`, without prefix
};

/// Errors: kInvalidArgument with `name:line` of what is no TOML or no cluster file.
Result<ConfigFile> parse_config_file(std::string_view text, const std::string& name);

}  // namespace unmask
