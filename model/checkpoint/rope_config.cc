#include "model/checkpoint/rope_config.h"

#include <string>
#include <string_view>

namespace unmask::checkpoint {
namespace {

namespace json = boost::json;

constexpr double kMaxTheta = 1e15;

/// What `from` has of both; as `file` says it in errors.
RopeConfig read_keys(ConfigReader& from) {
  RopeConfig rope;
  if (from.find("rope_theta") != nullptr) {
    rope.theta = from.positive_or("rope_theta", kMaxTheta, 1.0);
  }
  if (from.find("partial_rotary_factor") != nullptr) {
    rope.partial_factor = from.positive_or("partial_rotary_factor", 1.0, 1.0);
  }
  return rope;
}

/// Takes what `other` knows too.
void merge(ConfigReader& reader, const char* key, std::optional<double>& value,
           std::optional<double> other, std::string_view place) {
  if (value && other && *value != *other) {
    reader.fail(std::string(key) + " is " + printable(json::value(*value)) + ", but " +
                printable(json::value(*other)) + " in " + std::string(place));
  }
  if (!value) value = other;
}

}  // namespace

RopeConfig read_rope(ConfigReader& reader) {
  RopeConfig rope = read_keys(reader);
  for (const std::string_view place : {"rope_parameters", "rope_scaling"}) {
    const json::value* value = reader.find(place);
    if (value == nullptr) continue;
    const json::object* object = value->if_object();
    if (object == nullptr) {
      reader.fail_unsupported(place, *value, "null");
      continue;
    }
    ConfigReader inner(*object, std::string(place));
    inner.require({"rope_type", {"default"}});
    inner.require({"type", {"default"}});
    const RopeConfig other = read_keys(inner);
    // Any further parameter is one of a way to scale.
    if (inner.error() || !inner.unread().empty()) {
      reader.fail_unsupported(place, *value, "rope_type \"default\" with rope_theta");
      continue;
    }
    merge(reader, "rope_theta", rope.theta, other.theta, place);
    merge(reader, "partial_rotary_factor", rope.partial_factor, other.partial_factor, place);
  }
  return rope;
}

}  // namespace unmask::checkpoint
