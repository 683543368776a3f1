#include "model/checkpoint/config_reader.h"

#include <cmath>
#include <limits>

namespace unmask::checkpoint {

namespace json = boost::json;

namespace {

std::string range_text(int min, int max) {
  return "an integer of " + std::to_string(min) + ".." + std::to_string(max);
}

bool lies_in(const json::value& value, int min, int max) {
  const std::int64_t* number = value.if_int64();
  return number != nullptr && *number >= min && *number <= max;
}

}  // namespace

const json::value* ConfigReader::find(std::string_view key) const {
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
  if (lies_in(*value, min, max)) return static_cast<int>(value->get_int64());
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

bool ConfigReader::flag_or(std::string_view key, bool otherwise) {
  const json::value* value = find(key);
  if (value == nullptr) return otherwise;
  if (value->is_bool()) return value->get_bool();
  fail(key, *value, "true or false");
  return otherwise;
}

std::optional<std::int32_t> ConfigReader::token(std::string_view key, int vocab_size) {
  const json::value* value = find(key);
  if (value != nullptr && value->is_array() && !value->get_array().empty()) {
    value = &value->get_array().front();
  }
  if (value == nullptr) return std::nullopt;
  if (lies_in(*value, 0, vocab_size - 1)) return static_cast<std::int32_t>(value->get_int64());
  fail(key, *value, "a token id of 0.." + std::to_string(vocab_size - 1));
  return std::nullopt;
}

void ConfigReader::require(std::string_view key, const json::value& only) {
  const json::value* value = find(key);
  if (value == nullptr) return;
  const bool is_equal = value->is_number() && only.is_number()
                            ? value->to_number<double>() == only.to_number<double>()
                            : *value == only;
  if (is_equal) return;
  fail(std::string(key) + " is " + printable(*value) + ", which is not supported");
}

}  // namespace unmask::checkpoint
