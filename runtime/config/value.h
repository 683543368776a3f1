/// Values of settings as people write them: in a file, in the environment, behind a flag.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/config/cluster_config.h"

namespace unmask {

/// What a cluster file can hold behind a key; flags and the environment give text only.
using ConfigValue = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;

/// Sets `field`. Text is read as the field's type: `true`, `8`, `30s`, `250ms`, `4GiB`,
/// `host:port`, lists with commas. Errors: kInvalidArgument with what is wanted instead, not naming
/// the key.
Result<> set_field(std::string& field, const ConfigValue& value);
Result<> set_field(bool& field, const ConfigValue& value);
Result<> set_field(std::int32_t& field, const ConfigValue& value);
Result<> set_field(std::int64_t& field, const ConfigValue& value);  ///< bytes
Result<> set_field(double& field, const ConfigValue& value);
Result<> set_field(Milliseconds& field, const ConfigValue& value);
Result<> set_field(HostPort& field, const ConfigValue& value);
Result<> set_field(std::vector<std::string>& field, const ConfigValue& value);

/// As it would be written, so that set_field() reads the same.
std::string show_field(const std::string& field);
std::string show_field(bool field);
std::string show_field(std::int32_t field);
std::string show_field(std::int64_t field);
std::string show_field(double field);
std::string show_field(Milliseconds field);
std::string show_field(const HostPort& field);
std::string show_field(const std::vector<std::string>& field);

}  // namespace unmask
