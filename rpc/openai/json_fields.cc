#include "rpc/openai/json_fields.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <vector>

#include "runtime/base/nearest_name.h"
#include "runtime/base/utf8.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxShownBytes = 64;

/// A name of a client's own, for an error.
std::string shown(std::string_view name) {
  if (name.size() <= kMaxShownBytes) return std::string(name);
  std::size_t size = 0;
  while (size < kMaxShownBytes) size += first_utf8_part(name.substr(size)).length;
  return std::string(name.substr(0, size)) + "...";
}

}  // namespace

ApiResult<json::object> parse_json_body(std::string_view body) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  boost::system::error_code error;
  json::value value = json::parse(body, error, {}, options);
  if (error == json::error::too_deep) {
    return ApiError{400, "the body is nested deeper than " + std::to_string(kMaxJsonDepth)};
  }
  if (error) return ApiError{400, "the body is not JSON: " + error.message()};
  if (!value.is_object()) return ApiError{400, "the body is not a JSON object"};
  return std::move(value.get_object());
}

std::string parameter_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  const double* number = value.if_double();
  if (number == nullptr) return json::serialize(value);
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), *number).ptr};
}

const json::value* JsonFields::take(std::string_view key) {
  known_.emplace(key);
  const json::value* value = object_.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<bool> JsonFields::flag(std::string_view key) {
  const json::value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  fail(key, "is true or false");
  return std::nullopt;
}

std::optional<std::int64_t> JsonFields::integer(std::string_view key, std::int64_t least,
                                                std::int64_t most) {
  const json::value* value = take(key);
  if (value == nullptr) return std::nullopt;
  const std::int64_t* number = value->if_int64();
  if (number != nullptr && *number >= least && *number <= most) return *number;
  fail(key, "is a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<double> JsonFields::number(std::string_view key) {
  const json::value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->to_number<double>();
  fail(key, "is a number");
  return std::nullopt;
}

std::optional<std::string> JsonFields::text(std::string_view key) {
  const json::value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(value->get_string());
  fail(key, "is a text");
  return std::nullopt;
}

const json::object* JsonFields::object(std::string_view key) {
  const json::value* value = take(key);
  if (value == nullptr || value->is_object()) return value ? &value->get_object() : nullptr;
  fail(key, "is an object");
  return nullptr;
}

const json::array* JsonFields::array(std::string_view key) {
  const json::value* value = take(key);
  if (value == nullptr || value->is_array()) return value ? &value->get_array() : nullptr;
  fail(key, "is a list");
  return nullptr;
}

void JsonFields::refuse_unless(std::string_view key, std::initializer_list<json::value> neutral) {
  const json::value* value = take(key);
  if (value == nullptr || std::ranges::find(neutral, *value) != neutral.end()) return;
  fail(key, "is not supported with this value; leave it out", "unsupported_parameter");
}

void JsonFields::fail(std::string_view key, const std::string& sentence, const std::string& code) {
  const std::string name = path_ + shown(key);
  if (!error_) error_ = bad_field(name, "'" + name + "' " + sentence, code);
}

std::optional<ApiError> JsonFields::finish() {
  for (const auto& [key, unused] : object_) {
    if (error_) break;
    const std::string_view name(key);
    if (known_.contains(name)) continue;
    std::vector<std::string_view> names(known_.begin(), known_.end());
    const std::string_view nearest = nearest_name(name, names, name.size() / 3 + 1);
    fail(name,
         "is not known" + (nearest.empty() ? "" : " (did you mean " + std::string(nearest) + "?)"),
         "unsupported_parameter");
  }
  return error_;
}

}  // namespace unmask::rpc
