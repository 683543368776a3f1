#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/openai/json_text.h"
#include "rpc/zmq/curve_keys.h"
#include "runtime/base/nearest_name.h"
#include "runtime/cli/command.h"
#include "runtime/cli/process/cluster_options.h"
#include "runtime/cli/process/local_config.h"
#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

constexpr const char* kShowExamples = R"(Examples:
  unmask config show                              every setting, its value, and where it is from
  unmask config show --config cluster.toml --set cluster.workers=4
  UNMASK_MODEL_DIR=/models/llada unmask config show --json

A flag counts more than the environment, that more than the file, that more than the default. The
variable of model.dir is UNMASK_MODEL_DIR.)";

constexpr const char* kExplainExamples = R"(Examples:
  unmask config explain                     every setting
  unmask config explain limits model.dir    those of a section, and one)";

constexpr const char* kKeysExamples = R"(Examples:
  unmask config keys gateway.key     writes gateway.key (secret) and gateway.key.pub

Then, in a cluster file: security.curve = true, security.secret_key, and the .pub files of the
others.)";

constexpr std::string_view name_of(ConfigSource source) {
  constexpr std::string_view kNames[] = {"default", "file", "environment", "flag"};
  return kNames[std::size_t(source)];
}

/// "limits.max_waiting" is within "limits", and within itself.
bool is_within(const std::string& key, const std::string& section) {
  return key == section || key.starts_with(section + ".");
}

/// Keys are not for whoever looks over a shoulder, or reads a log.
std::string shown_value(const ConfigEntry& entry) {
  return entry.key == "http.api_keys" && !entry.value.empty() ? "(hidden)" : entry.value;
}

void print_json(const LoadedConfig& loaded) {
  boost::json::object settings;
  for (const ConfigEntry& entry : loaded.entries) {
    settings[entry.key] = {{"value", shown_value(entry)},
                           {"source", name_of(entry.source)},
                           {"origin", entry.origin},
                           {"help", entry.help}};
  }
  std::printf("%s\n", rpc::json_text(settings).c_str());
}

void print_table(const LoadedConfig& loaded) {
  std::size_t key_width = 0, value_width = 0;
  for (const ConfigEntry& entry : loaded.entries) {
    key_width = std::max(key_width, entry.key.size());
    value_width = std::max(value_width, std::min<std::size_t>(entry.value.size(), 40));
  }
  for (const ConfigEntry& entry : loaded.entries) {
    const std::string value = entry.value.empty() ? "-" : printable(shown_value(entry));
    const std::string origin =
        entry.origin.empty() ? std::string(name_of(entry.source)) : printable(entry.origin);
    std::printf("%-*s  %-*s  %s\n", int(key_width), entry.key.c_str(), int(value_width),
                value.c_str(), origin.c_str());
  }
}

int show_config(const ClusterOptions& options, bool as_json) {
  const Result<LoadedConfig> loaded = options.load();
  if (!loaded) return Reporter{as_json}(loaded.error(), kBadConfig);
  warn(*loaded);
  as_json ? print_json(*loaded) : print_table(*loaded);
  return kOk;
}

/// Every setting, or those whose key is or begins with one of `wanted`.
int explain(const std::vector<std::string>& wanted) {
  const Result<LoadedConfig> defaults = load_config({});
  if (!defaults) return report(defaults.error(), kBadConfig);
  std::vector<ConfigEntry> entries = defaults->entries;
  for (ConfigEntry& entry : worker_settings()) {
    entry.help += "; in a [[worker]] of a cluster file";
    entries.push_back(std::move(entry));
  }
  std::vector<std::string> known;
  for (const ConfigEntry& entry : entries) known.push_back(entry.key);
  for (const std::string& key : wanted) {
    const auto is_it = [&](const std::string& one) { return is_within(one, key); };
    if (std::ranges::any_of(known, is_it)) continue;
    return report(invalid("there is no setting '" + key + "'" + did_you_mean(key, known)));
  }
  for (const ConfigEntry& entry : entries) {
    const auto is_it = [&](const std::string& key) { return is_within(entry.key, key); };
    if (!wanted.empty() && std::ranges::none_of(wanted, is_it)) continue;
    std::printf("%s = %s\n    %s\n", entry.key.c_str(),
                entry.value.empty() ? "\"\"" : entry.value.c_str(), entry.help.c_str());
  }
  return kOk;
}

int make_keys(const std::string& path) {
  const rpc::CurveKeyPair keys = rpc::make_curve_keys();
  const Result<> written = write_curve_keys(keys, path);
  if (!written) return report(written.error());
  std::printf("%s\n%s.pub\n", path.c_str(), path.c_str());
  return kOk;
}

void add_show(Command config) {
  Command command = config.add_command("show", "Every setting, its value and its source");
  command.set_footer(kShowExamples);
  const auto options = std::make_shared<ClusterOptions>();
  const auto as_json = std::make_shared<bool>(false);
  options->add_to(command);
  command.add({.name = "--json", .help = "Print one JSON object"}, *as_json);
  command.set_action([options, as_json] { return show_config(*options, *as_json); });
}

void add_explain(Command config) {
  Command command = config.add_command("explain", "What every setting is, and its default");
  command.set_footer(kExplainExamples);
  const auto keys = std::make_shared<std::vector<std::string>>();
  command.add({.name = "key",
               .help = "A setting or a section; all if left out",
               .type = "KEY",
               .takes_many = true},
              *keys);
  command.set_action([keys] { return explain(*keys); });
}

void add_keys(Command config) {
  Command command = config.add_command("keys", "A new CURVE key pair for one process");
  command.set_footer(kKeysExamples);
  const auto path = std::make_shared<std::string>();
  command.add({.name = "file",
               .help = "Of the secret key; the public one gets .pub",
               .type = "FILE",
               .is_required = true},
              *path);
  command.set_action([path] { return make_keys(*path); });
}

}  // namespace

void add_config(Command program) {
  Command command = program.add_command("config", "Settings of a cluster, and keys for it");
  command.set_group(kLookGroup);
  add_show(command);
  add_explain(command);
  add_keys(command);
  command.set_action([] {
    return report({ErrorCode::kInvalidArgument, "config wants a command: show, explain or keys"});
  });
}

}  // namespace unmask::cli
