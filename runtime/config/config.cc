#include "runtime/config/config.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "runtime/base/nearest_name.h"
#include "runtime/base/plain_text.h"
#include "runtime/config/config_file.h"
#include "runtime/config/settings.h"

namespace unmask {
namespace {

constexpr std::string_view kPrefix = "UNMASK_";
constexpr std::size_t kMaxFileBytes = 1 << 20;

std::string variable_of(const std::string& key) {
  std::string name(kPrefix);
  for (const char c : key) name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
  return name;
}

std::vector<std::string> known_keys() {
  std::vector<std::string> keys;
  ClusterConfig config;
  for_each_setting(config, [&](const char* key, auto&, const char*) { keys.emplace_back(key); });
  return keys;
}

std::vector<std::string> known_worker_keys() {
  std::vector<std::string> keys;
  WorkerConfig worker;
  for_each_worker_setting(worker,
                          [&](const char* key, auto&, const char*) { keys.emplace_back(key); });
  return keys;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return Error{ErrorCode::kNotFound, "cannot read the cluster file " + path};
  std::string text(kMaxFileBytes + 1, '\0');
  stream.read(text.data(), std::streamsize(text.size()));
  if (stream.bad()) return Error{ErrorCode::kNotFound, "cannot read the cluster file " + path};
  text.resize(std::size_t(stream.gcount()));
  if (text.size() > kMaxFileBytes) return invalid(path + " is larger than 1 MiB");
  return plain_text(std::move(text));
}

/// Collects the values from the weakest source to the strongest.
class Loader {
 public:
  Result<> read(const std::string& path) {
    const Result<std::string> text = read_file(path);
    if (!text) return text.error();
    const Result<ConfigFile> file = parse_config_file(*text, path);
    if (!file) return file.error();
    for (const auto& [key, value] : file->settings) {
      const std::string origin = path + ":" + std::to_string(value.line);
      const Result<> set = set_key(key, value.value, ConfigSource::kFile, origin);
      if (!set) return set;
    }
    for (const ConfigFile::Section& worker : file->workers) {
      const Result<> set = add_worker(worker, path);
      if (!set) return set;
    }
    return {};
  }

  Result<> read(const std::map<std::string, std::string>& environment) {
    const std::vector<std::string> keys = known_keys();
    std::vector<std::string> variables;
    for (const std::string& key : keys) variables.push_back(variable_of(key));
    for (const auto& [name, value] : environment) {
      const auto it = std::ranges::find(variables, name);
      if (it == variables.end()) {
        // Not an error: a Kubernetes service called unmask gives variables of this prefix, too.
        const std::string hint = did_you_mean(name, variables);
        if (!hint.empty()) loaded_.warnings.push_back(name + " is no setting" + hint);
        continue;
      }
      const Result<> set = set_key(keys[std::size_t(it - variables.begin())], value,
                                   ConfigSource::kEnvironment, name);
      if (!set) return set;
    }
    return {};
  }

  Result<> read(const std::vector<ConfigFlag>& flags) {
    for (const ConfigFlag& flag : flags) {
      const Result<> set = set_key(flag.key, flag.value, ConfigSource::kFlag, flag.flag);
      if (!set) return set;
    }
    return {};
  }

  LoadedConfig finish() {
    for_each_setting(loaded_.config, [&](const char* key, auto& field, const char* help) {
      const auto it = sources_.find(key);
      ConfigEntry entry{.key = key, .value = show_field(field), .help = help};
      if (it != sources_.end()) std::tie(entry.source, entry.origin) = it->second;
      loaded_.entries.push_back(std::move(entry));
    });
    for (std::size_t i = 0; i < loaded_.config.workers.size(); ++i) {
      for_each_worker_setting(
          loaded_.config.workers[i], [&](const char* key, auto& field, const char* help) {
            const std::string full = "worker[" + std::to_string(i) + "]." + key;
            const auto it = sources_.find(full);
            ConfigEntry entry{.key = full, .value = show_field(field), .help = help};
            if (it != sources_.end()) std::tie(entry.source, entry.origin) = it->second;
            loaded_.entries.push_back(std::move(entry));
          });
    }
    return std::move(loaded_);
  }

  [[nodiscard]] const ClusterConfig& config() const { return loaded_.config; }

 private:
  Result<> set_key(const std::string& key, const ConfigValue& value, ConfigSource source,
                   const std::string& origin) {
    std::optional<Result<>> result;
    for_each_setting(loaded_.config, [&](const char* known, auto& field, const char*) {
      if (key == known) result = set_field(field, value);
    });
    if (!result) {
      return invalid(origin + ": unknown key \"" + key + "\"" + did_you_mean(key, known_keys()));
    }
    if (!*result) return invalid(origin + ": " + key + ": " + result->error().message);
    sources_[key] = {source, origin};
    return {};
  }

  Result<> add_worker(const ConfigFile::Section& section, const std::string& path) {
    const std::string prefix = "worker[" + std::to_string(loaded_.config.workers.size()) + "].";
    WorkerConfig& worker = loaded_.config.workers.emplace_back();
    for (const auto& entry : section) {
      const auto& key = entry.first;  // not bound: clang 14 lets no lambda capture that
      const auto& value = entry.second;
      const std::string origin = path + ":" + std::to_string(value.line);
      std::optional<Result<>> result;
      for_each_worker_setting(worker, [&](const char* known, auto& field, const char*) {
        if (key == known) result = set_field(field, value.value);
      });
      if (!result) {
        return invalid(origin + ": unknown key \"" + key + "\" in [[worker]]" +
                       did_you_mean(key, known_worker_keys()));
      }
      if (!*result) return invalid(origin + ": " + key + ": " + result->error().message);
      sources_[prefix + key] = {ConfigSource::kFile, origin};
    }
    return {};
  }

  LoadedConfig loaded_;
  std::map<std::string, std::pair<ConfigSource, std::string>> sources_;
};

}  // namespace

Result<LoadedConfig> load_config(const ConfigInputs& inputs) {
  Loader loader;
  Result<> read;
  if (!inputs.file.empty()) read = loader.read(inputs.file);
  if (read) read = loader.read(inputs.environment);
  if (read) read = loader.read(inputs.flags);
  if (!read) return read.error();

  const Result<> valid = loader.config().validate();
  if (!valid) {
    const std::string where = inputs.file.empty() ? "" : inputs.file + ": ";
    return invalid(where + valid.error().message);
  }
  return loader.finish();
}

std::vector<ConfigEntry> worker_settings() {
  std::vector<ConfigEntry> settings;
  WorkerConfig defaults;
  for_each_worker_setting(defaults, [&](const char* key, auto& field, const char* help) {
    settings.push_back(
        {.key = "worker." + std::string(key), .value = show_field(field), .help = help});
  });
  return settings;
}

std::map<std::string, std::string> config_environment() {
  std::map<std::string, std::string> found;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (text.starts_with(kPrefix) && equals != std::string_view::npos) {
      found.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return found;
}

}  // namespace unmask
