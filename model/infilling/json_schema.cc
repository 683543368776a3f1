#include <algorithm>
#include <boost/json.hpp>
#include <initializer_list>
#include <optional>
#include <vector>

#include "model/diffusion/hole_rule_limits.h"
#include "model/infilling/json_text.h"
#include "model/infilling/template_syntax.h"

namespace unmask::infilling {
namespace {

namespace json = boost::json;

constexpr std::int32_t kStringTokens = 16, kNumberTokens = 8, kIntegerTokens = 6;
constexpr std::int64_t kMaxItems = 1000;
constexpr std::int64_t kMaxLength = 1 << 16;
constexpr std::size_t kMaxBytes = 1 << 20,
                      kMaxWritten = 64 * kMaxHoles;  // values and what is between
/// They say nothing of which values are valid, or nothing that a value made here could break.
constexpr std::string_view kAnnotations[] = {
    "title",    "description",          "$schema",  "$id",        "$comment", "default",
    "examples", "deprecated",           "readOnly", "writeOnly",  "type",     "x-tokens",
    "required", "additionalProperties", "$defs",    "definitions"};

constexpr std::size_t kMaxPathBytes = 1000;

/// As much of what a schema says as an error quotes.
std::string shown(std::string_view text) {
  return "\"" + std::string(first_chars(text, 60)) + "\"";
}

std::string place(const std::string& path) {
  return path.empty() ? "the schema" : "'" + path + "' of the schema";
}

/// Whether a value is what the schema's "type" says, if it says one.
bool is_of_type(const json::value& value, const json::object& schema) {
  const json::value* type = schema.if_contains("type");
  if (type == nullptr) return true;
  if (!type->is_string()) return false;
  const std::string_view name = type->get_string();
  return (name == "string" && value.is_string()) || (name == "boolean" && value.is_bool()) ||
         (name == "null" && value.is_null()) || (name == "number" && value.is_number()) ||
         (name == "integer" && (value.is_int64() || value.is_uint64())) ||
         (name == "object" && value.is_object()) || (name == "array" && value.is_array());
}

/// The schema of that name within the whole one; null if it has none.
const json::value* find_definition(const json::value& root, std::string_view reference) {
  for (const std::string_view place : {"$defs", "definitions"}) {
    const std::string prefix = "#/" + std::string(place) + "/";
    if (!reference.starts_with(prefix) || !root.is_object()) continue;
    const json::value* definitions = root.get_object().if_contains(place);
    if (definitions == nullptr || !definitions->is_object()) continue;
    return definitions->get_object().if_contains(reference.substr(prefix.size()));
  }
  return nullptr;
}

/// Writes a schema's values into a template, and stops at the first part that it does not know.
class SchemaWriter {
 public:
  SchemaWriter(const json::value& root, Template& to) : root_(root), to_(to) {}

  bool write(const json::value& value, const std::string& path);

  std::optional<Error> error;

 private:
  bool write_value(const json::object& schema, std::string_view type, const std::string& path);
  bool write_reference(const json::object& schema, const json::value& reference,
                       const std::string& path);
  bool write_choice(const json::object& schema, const json::value& choices,
                    const std::string& path);
  bool write_object(const json::object& schema, const std::string& path);
  bool write_array(const json::object& schema, const std::string& path);
  bool write_string(const json::object& schema, const std::string& path);
  bool write_number(const json::object& schema, HoleKind kind, const std::string& path);
  bool knows(const json::object& schema, std::initializer_list<std::string_view> keys,
             const std::string& path);
  std::optional<std::int64_t> count(const json::object& schema, std::string_view key,
                                    std::int64_t least, std::int64_t most, const std::string& path);
  bool write_hole(const json::object& schema, Hole hole, std::int64_t tokens,
                  const std::string& path);
  bool fail(const std::string& path, const std::string& what) {
    if (!error) error = template_error(place(path) + " " + what);
    return false;
  }

  /// Arrays in arrays can be far longer than the schema is.
  bool has_room(std::size_t bytes) {
    num_bytes_ += bytes;
    return (num_bytes_ <= kMaxBytes && ++num_written_ <= kMaxWritten) ||
           fail("", "describes more than a template can have");
  }
  void give(std::string_view text) {
    if (has_room(text.size())) to_.append(text);
  }

  const json::value& root_;
  Template& to_;
  std::vector<const json::value*> open_;  ///< definitions that are being written
  std::size_t num_written_ = 0, num_bytes_ = 0;
};

/// Refuses every key but those that are named and those that only explain.
bool SchemaWriter::knows(const json::object& schema, std::initializer_list<std::string_view> keys,
                         const std::string& path) {
  for (const auto& [key, value] : schema) {
    const std::string_view name(key);
    if (std::ranges::count(keys, name) + std::ranges::count(kAnnotations, name) > 0) continue;
    return fail(path, "says " + shown(name) + ", which cannot be guaranteed here; leave it out");
  }
  return true;
}

/// A whole number in bounds; nothing, with an error, if it is another value, and without one if it
/// is not there.
std::optional<std::int64_t> SchemaWriter::count(const json::object& schema, std::string_view key,
                                                std::int64_t least, std::int64_t most,
                                                const std::string& path) {
  const json::value* value = schema.if_contains(key);
  if (value == nullptr) return std::nullopt;
  const std::int64_t* number = value->if_int64();
  if (number != nullptr && *number >= least && *number <= most) return *number;
  fail(path, "has a \"" + std::string(key) + "\" that is no whole number from " +
                 std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

bool SchemaWriter::write_hole(const json::object& schema, Hole hole, std::int64_t tokens,
                              const std::string& path) {
  hole.num_tokens =
      std::int32_t(count(schema, "x-tokens", 1, kMaxHoleTokens, path).value_or(tokens));
  hole.name = path.empty() ? "value" : path;
  to_.append(std::move(hole));
  return !error;
}

bool SchemaWriter::write_string(const json::object& schema, const std::string& path) {
  if (!knows(schema, {"maxLength", "minLength"}, path)) return false;
  count(schema, "minLength", 0, 0, path);
  const auto most = count(schema, "maxLength", 1, kMaxLength, path);
  give("\"");
  const std::int64_t tokens =
      most ? std::clamp<std::int64_t>((*most + 1) / 2, 1, 4 * kStringTokens) : kStringTokens;
  if (!write_hole(schema, {"", 0, HoleKind::kString, {}, std::int32_t(most.value_or(0))}, tokens,
                  path)) {
    return false;
  }
  give("\"");
  return true;
}

bool SchemaWriter::write_number(const json::object& schema, HoleKind kind,
                                const std::string& path) {
  const bool is_integer = kind == HoleKind::kInteger;
  return knows(schema, {}, path) && write_hole(schema, {"", 0, kind, {}, 0},
                                               is_integer ? kIntegerTokens : kNumberTokens, path);
}

bool SchemaWriter::write_choice(const json::object& schema, const json::value& choices,
                                const std::string& path) {
  const json::array* list = choices.if_array();
  if (list == nullptr || list->empty()) return fail(path, "has an \"enum\" that is no list");
  if (list->size() > diffusion::kMaxChoices) {
    return fail(path, "has an \"enum\" of " + std::to_string(list->size()) +
                          " values, the limit is " + std::to_string(diffusion::kMaxChoices));
  }
  Hole hole{path.empty() ? "value" : path, 0, HoleKind::kChoice, {}, 0};
  for (const json::value& choice : *list) {
    if (choice.is_structured()) return fail(path, "has an \"enum\" with an object or a list in it");
    if (!is_of_type(choice, schema))
      return fail(path, "has an \"enum\" that is not of its \"type\"");
    hole.choices.push_back(json_of(choice));
    if (!has_room(hole.choices.back().size())) return false;
  }
  to_.append(std::move(hole));
  return true;
}

bool SchemaWriter::write_object(const json::object& schema, const std::string& path) {
  if (!knows(schema, {"properties"}, path)) return false;
  const json::value* properties = schema.if_contains("properties");
  const json::object* fields = properties != nullptr ? properties->if_object() : nullptr;
  if (fields == nullptr) return fail(path, "is an object and does not say its \"properties\"");
  if (const json::value* required = schema.if_contains("required")) {
    const json::array* names = required->if_array();
    const auto is_field = [&](const json::value& name) {
      return name.is_string() && fields->contains(name.get_string());
    };
    if (names == nullptr || !std::ranges::all_of(*names, is_field)) {
      return fail(path, "has a \"required\" that is no list of its \"properties\"");
    }
  }
  give("{");
  bool is_first = true;
  for (const auto& [key, value] : *fields) {
    to_.append(is_first ? "\"" : ", \"");
    give(json_escaped(key));
    give("\": ");
    const std::string name(key);
    if (!write(value, path.empty() ? name : path + "." + name)) return false;
    is_first = false;
  }
  give("}");
  return true;
}

bool SchemaWriter::write_array(const json::object& schema, const std::string& path) {
  if (!knows(schema, {"items", "minItems", "maxItems"}, path)) return false;
  const auto least = count(schema, "minItems", 0, kMaxItems, path);
  const auto most = count(schema, "maxItems", 0, kMaxItems, path);
  if (error) return false;
  if (!least || least != most) {
    return fail(path,
                "is an array whose length is not stated; give \"minItems\" and \"maxItems\", "
                "both the same");
  }
  const json::value* items = schema.if_contains("items");
  if (items == nullptr) return fail(path, "is an array and does not say its \"items\"");
  give("[");
  for (std::int64_t i = 0; i < *least; ++i) {
    if (i > 0) give(", ");
    if (!write(*items, path + "[" + std::to_string(i) + "]")) return false;
  }
  give("]");
  return true;
}

bool SchemaWriter::write_value(const json::object& schema, std::string_view type,
                               const std::string& path) {
  if (type == "object") return write_object(schema, path);
  if (type == "array") return write_array(schema, path);
  if (type == "string") return write_string(schema, path);
  if (type == "integer") return write_number(schema, HoleKind::kInteger, path);
  if (type == "number") return write_number(schema, HoleKind::kNumber, path);
  if (type == "boolean") {
    return knows(schema, {}, path) && write_choice(schema, json::array{true, false}, path);
  }
  if (type == "null") {
    give("null");
    return knows(schema, {}, path);
  }
  return fail(path, "has the type " + shown(type) + ", which is none");
}

bool SchemaWriter::write_reference(const json::object& schema, const json::value& reference,
                                   const std::string& path) {
  if (!knows(schema, {"$ref"}, path)) return false;
  const json::value* found =
      reference.is_string() ? find_definition(root_, reference.get_string()) : nullptr;
  if (found == nullptr) {
    return fail(path,
                "has a \"$ref\" to nothing under \"$defs\": \"#/$defs/NAME\" is what it may be");
  }
  if (std::ranges::count(open_, found) > 0) {
    return fail(path, "has a \"$ref\" to what it is a part of, so its length is not stated");
  }
  open_.push_back(found);
  if (!write(*found, path)) return false;
  open_.pop_back();
  return true;
}

bool SchemaWriter::write(const json::value& value, const std::string& path) {
  if (!has_room(path.size())) return false;
  if (path.size() > kMaxPathBytes) return fail("", "has names that are too long");
  const json::object* schema = value.if_object();
  if (schema == nullptr) return fail(path, "is no object");
  if (const json::value* reference = schema->if_contains("$ref")) {
    return write_reference(*schema, *reference, path);
  }
  if (const json::value* choices = schema->if_contains("enum")) {
    return knows(*schema, {"enum"}, path) && write_choice(*schema, *choices, path);
  }
  if (const json::value* constant = schema->if_contains("const")) {
    if (!is_of_type(*constant, *schema))
      return fail(path, "has a \"const\" that is not of its \"type\"");
    give(json_of(*constant));
    return knows(*schema, {"const"}, path);
  }
  const json::value* type = schema->if_contains("type");
  if (type == nullptr || !type->is_string()) {
    return fail(path, "does not say its \"type\" as one word, nor an \"enum\" or a \"const\"");
  }
  return write_value(*schema, type->get_string(), path);
}

}  // namespace

Result<Template> read_json_schema(std::string_view text) {
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  if (failure) return template_error("the JSON schema is not JSON: " + failure.message());
  Template parsed;
  SchemaWriter writer(value, parsed);
  writer.write(value, "");
  if (writer.error) return *writer.error;
  return parsed;
}

}  // namespace unmask::infilling
