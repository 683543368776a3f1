#include "model/checkpoint/config_reader.h"

#include <algorithm>
#include <cmath>

namespace unmask::checkpoint {

namespace json = boost::json;

namespace {

std::string range_text(int min, int max) {
  return "an integer of " + std::to_string(min) + ".." + std::to_string(max);
}

/// A whole number, however it is written.
std::optional<std::int64_t> to_whole(const json::value& value) {
  if (const std::int64_t* number = value.if_int64()) return *number;
  const double* number = value.if_double();
  constexpr double kMaxExact = 1LL << 53;
  if (number == nullptr || std::trunc(*number) != *number || std::abs(*number) > kMaxExact) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number);
}

std::optional<int> to_count(const json::value& value, int min, int max) {
  const std::optional<std::int64_t> number = to_whole(value);
  if (!number || *number < min || *number > max) return std::nullopt;
  return static_cast<int>(*number);
}

bool is_same(const json::value& a, const json::value& b) {
  return a.is_number() && b.is_number() ? a.to_number<double>() == b.to_number<double>() : a == b;
}

}  // namespace

const json::value* ConfigReader::find(std::string_view key) {
  read_.emplace(key);
  const json::value* value = object_.if_contains({key.data(), key.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

void ConfigReader::fail(const std::string& what) {
  if (!error_) error_ = Error{ErrorCode::kInvalidArgument, file_ + ": " + what};
}

void ConfigReader::fail(std::string_view key, const json::value& value, const std::string& needed) {
  fail(std::string(key) + " is " + printable(value) + ", but must be " + needed);
}

int ConfigReader::count(std::string_view key, int min, int max) {
  if (find(key) == nullptr) fail(std::string(key) + " is missing");
  return count_or(key, min, max, min);
}

int ConfigReader::count_or(std::string_view key, int min, int max, int otherwise) {
  const json::value* value = find(key);
  if (value == nullptr) return otherwise;
  if (const auto number = to_count(*value, min, max)) return *number;
  fail(key, *value, range_text(min, max));
  return otherwise;
}

double ConfigReader::positive_or(std::string_view key, double max, double otherwise) {
  const json::value* value = find(key);
  if (value == nullptr) return otherwise;
  const double number = value->is_number() ? value->to_number<double>() : 0.0;
  if (std::isfinite(number) && number > 0.0 && number <= max) return number;
  fail(key, *value, "a number above 0 and at most " + printable(json::value(max)));
  return otherwise;
}

double ConfigReader::positive_or_warn(std::string_view key, double max, double otherwise) {
  if (find(key) == nullptr) {
    warn(std::string(key) + " is missing; " + printable(json::value(otherwise)) + " is used");
  }
  return positive_or(key, max, otherwise);
}

bool ConfigReader::flag_or(std::string_view key, bool otherwise) {
  const json::value* value = find(key);
  if (value == nullptr) return otherwise;
  if (value->is_bool()) return value->get_bool();
  fail(key, *value, "true or false");
  return otherwise;
}

std::optional<std::int32_t> ConfigReader::token(std::string_view key, int vocab_size) {
  const std::vector<std::int32_t> ids = tokens(key, vocab_size);
  if (ids.empty()) return std::nullopt;
  if (ids.size() > 1) {
    warn(std::string(key) + " is " + printable(*find(key)) + ", of which " +
         std::to_string(ids.front()) + " is used");
  }
  return ids.front();
}

std::vector<std::int32_t> ConfigReader::tokens(std::string_view key, int vocab_size) {
  std::vector<std::int32_t> ids;
  const auto add = [&](const json::value& value) {
    const std::optional<int> id = to_count(value, 0, vocab_size - 1);
    if (!id) fail(key, value, "a token id of 0.." + std::to_string(vocab_size - 1));
    if (id) ids.push_back(*id);
  };
  const json::value* value = find(key);
  if (value != nullptr && value->is_array()) {
    for (const json::value& entry : value->get_array()) add(entry);
  } else if (value != nullptr) {
    add(*value);
  }
  return ids;
}

void ConfigReader::require(const ConfigSwitch& only) {
  const json::value* value = find(only.key);
  if (value == nullptr) return;
  const auto is_value = [&](const json::value& supported) { return is_same(*value, supported); };
  if (std::ranges::any_of(only.supported, is_value)) return;
  std::string supported;
  for (const json::value& one : only.supported) {
    supported += (supported.empty() ? "" : " or ") + printable(one);
  }
  fail_unsupported(only.key, *value, supported.empty() ? "null" : supported);
}

void ConfigReader::require_same(std::string_view key, std::int64_t number) {
  const json::value* value = find(key);
  if (value == nullptr || is_same(*value, json::value(number))) return;
  fail(std::string(key) + " is " + printable(*value) + ", but other keys say " +
       std::to_string(number));
}

void ConfigReader::pass_over(std::span<const std::string_view> keys) {
  read_.insert(keys.begin(), keys.end());
}

void ConfigReader::fail_unsupported(std::string_view key, const json::value& value,
                                    std::string_view supported) {
  fail(std::string(key) + " is " + printable(value) + ", which is not supported; supported is " +
       std::string(supported));
}

std::vector<std::string> ConfigReader::unread() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object_) {
    // What begins with _ is a comment, or a note of the library that wrote the file.
    const std::string name(key);
    if (!value.is_null() && !name.starts_with('_') && !read_.contains(name)) {
      keys.push_back(printable(name));
    }
  }
  return keys;
}

}  // namespace unmask::checkpoint
