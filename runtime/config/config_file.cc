#include "runtime/config/config_file.h"

#include <toml++/toml.h>

#include <optional>
#include <utility>

namespace unmask {
namespace {

Error at(const std::string& name, const toml::source_region& where, const std::string& message) {
  return {ErrorCode::kInvalidArgument,
          name + ":" + std::to_string(where.begin.line) + ": " + message};
}

std::optional<ConfigValue> value_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  const auto* array = node.as_array();
  if (!array) return std::nullopt;
  std::vector<std::string> list;
  for (const toml::node& entry : *array) {
    if (!entry.is_string()) return std::nullopt;
    list.push_back(entry.as_string()->get());
  }
  return list;
}

Result<> read_table(const toml::table& table, const std::string& prefix, const std::string& name,
                    ConfigFile::Section& section) {
  for (const auto& [key, node] : table) {
    const std::string full = prefix + std::string(key.str());
    std::optional<ConfigValue> value = value_of(node);
    if (!value)
      return at(name, key.source(),
                full + " is neither text, number, true, false nor a list of texts");
    section[full] = {std::move(*value), int(key.source().begin.line)};
  }
  return {};
}

Result<toml::table> parse_toml(std::string_view text, const std::string& name) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return at(name, error.source(), std::string(error.description()));
  }
}

}  // namespace

Result<ConfigFile> parse_config_file(std::string_view text, const std::string& name) {
  const Result<toml::table> parsed = parse_toml(text, name);
  if (!parsed) return parsed.error();

  ConfigFile file;
  for (const auto& [key, node] : *parsed) {
    const std::string section(key.str());
    if (section == "worker") {
      const toml::array* workers = node.as_array();
      if (!workers || !workers->is_array_of_tables()) {
        return at(name, key.source(), "worker must be written as [[worker]]");
      }
      for (const toml::node& worker : *workers) {
        const Result<> read = read_table(*worker.as_table(), "", name, file.workers.emplace_back());
        if (!read) return read.error();
      }
    } else if (const toml::table* table = node.as_table()) {
      const Result<> read = read_table(*table, section + ".", name, file.settings);
      if (!read) return read.error();
    } else {
      return at(name, key.source(), "\"" + section + "\" stands outside of a [section]");
    }
  }
  return file;
}

}  // namespace unmask
