#include "runtime/config/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

namespace unmask {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr Unit kTimeUnits[] = {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}};
constexpr Unit kSizeUnits[] = {{"", 1},
                               {"KiB", std::int64_t(1) << 10},
                               {"MiB", std::int64_t(1) << 20},
                               {"GiB", std::int64_t(1) << 30},
                               {"TiB", std::int64_t(1) << 40}};

std::string describe(const ConfigValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return "\"" + *text + "\"";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return "a list";
}

Error wrong(const ConfigValue& value, std::string_view wanted) {
  return {ErrorCode::kInvalidArgument, describe(value) + " is not " + std::string(wanted)};
}

/// A number directly followed by one of `units`: `2.5s`, `4GiB`.
std::optional<std::int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (problem != std::errc() || number < 0) return std::nullopt;
  const std::string_view name(rest, std::size_t(end - rest));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    const double product = number * double(unit.factor);
    if (product >= 9e18) return std::nullopt;
    return std::int64_t(product);
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_whole(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc() || rest != end) return std::nullopt;
  return number;
}

std::optional<double> parse_real(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc() || rest != end) return std::nullopt;
  return number;
}

/// In the largest unit that leaves a whole number.
std::string show_with_unit(std::int64_t number, std::span<const Unit> units) {
  for (std::size_t i = units.size(); i-- > 0;) {
    if (i == 0 || (number != 0 && number % units[i].factor == 0)) {
      return std::to_string(number / units[i].factor) + std::string(units[i].name);
    }
  }
  return "";
}

}  // namespace

Result<> set_field(std::string& field, const ConfigValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (!text) return wrong(value, "text");
  field = *text;
  return {};
}

Result<> set_field(bool& field, const ConfigValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) {
    field = *flag;
    return {};
  }
  const auto* text = std::get_if<std::string>(&value);
  if (!text || (*text != "true" && *text != "false")) return wrong(value, "true or false");
  field = *text == "true";
  return {};
}

Result<> set_field(std::int32_t& field, const ConfigValue& value) {
  std::optional<std::int64_t> number;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) number = *whole;
  if (const auto* text = std::get_if<std::string>(&value)) number = parse_whole(*text);
  if (!number) return wrong(value, "a whole number");
  if (!std::in_range<std::int32_t>(*number)) return wrong(value, "a number that fits 32 bits");
  field = std::int32_t(*number);
  return {};
}

Result<> set_field(std::int64_t& field, const ConfigValue& value) {
  std::optional<std::int64_t> number;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) number = *whole;
  if (const auto* text = std::get_if<std::string>(&value)) {
    number = parse_with_unit(*text, kSizeUnits);
  }
  if (!number) return wrong(value, "a whole number or a size like 512MiB or 4GiB");
  field = *number;
  return {};
}

Result<> set_field(double& field, const ConfigValue& value) {
  std::optional<double> number;
  if (const auto* real = std::get_if<double>(&value)) number = *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) number = double(*whole);
  if (const auto* text = std::get_if<std::string>(&value)) number = parse_real(*text);
  if (!number || !std::isfinite(*number)) return wrong(value, "a number");
  field = *number;
  return {};
}

Result<> set_field(Milliseconds& field, const ConfigValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  const auto number = text ? parse_with_unit(*text, kTimeUnits) : std::nullopt;
  if (!number) return wrong(value, "a duration like 250ms, 2.5s or 1min");
  field = Milliseconds(*number);
  return {};
}

Result<> set_field(HostPort& field, const ConfigValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (!text) return wrong(value, "an address like 127.0.0.1:7400");
  const Result<HostPort> address = parse_host_port(*text);
  if (!address) return wrong(value, "an address like 127.0.0.1:7400");
  field = *address;
  return {};
}

Result<> set_field(std::vector<std::string>& field, const ConfigValue& value) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    field = *list;
    return {};
  }
  const auto* text = std::get_if<std::string>(&value);
  if (!text) return wrong(value, "a list of texts");
  field.clear();
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (comma > 0) field.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return {};
}

std::string show_field(const std::string& field) { return field; }
std::string show_field(bool field) { return field ? "true" : "false"; }
std::string show_field(std::int32_t field) { return std::to_string(field); }
std::string show_field(std::int64_t field) { return show_with_unit(field, kSizeUnits); }
std::string show_field(double field) {
  char text[32];
  const auto [end, problem] = std::to_chars(text, text + sizeof text, field);
  return problem == std::errc() ? std::string(text, end) : "";
}

std::string show_field(Milliseconds field) { return show_with_unit(field.count(), kTimeUnits); }
std::string show_field(const HostPort& field) { return field.to_string(); }
std::string show_field(const std::vector<std::string>& field) {
  std::string shown;
  for (const std::string& entry : field) shown += (shown.empty() ? "" : ",") + entry;
  return shown;
}

}  // namespace unmask
