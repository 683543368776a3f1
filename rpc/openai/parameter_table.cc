#include "rpc/openai/parameter_table.h"

#include <boost/json.hpp>
#include <charconv>
#include <span>
#include <string_view>

#include "model/diffusion/job_params.h"
#include "rpc/openai/json_text.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;
using diffusion::JobParam;
using diffusion::ParamType;

std::string_view name_of_type(ParamType type) {
  switch (type) {
    case ParamType::kInteger:
      return "integer";
    case ParamType::kNumber:
      return "number";
    case ParamType::kBoolean:
      return "boolean";
    case ParamType::kChoice:
      return "choice";
  }
  return "";
}

json::array names_json(std::span<const std::string_view> names) {
  json::array list;
  for (const std::string_view name : names) list.emplace_back(name);
  return list;
}

template <typename Number>
json::value number_json(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return json::value(text);
  return number;
}

/// A value as text, in the JSON of its type.
json::value value_json(ParamType type, const std::string& text) {
  if (text.empty()) return nullptr;
  switch (type) {
    case ParamType::kInteger:
      return number_json<std::int64_t>(text);
    case ParamType::kNumber:
      return number_json<double>(text);
    case ParamType::kBoolean:
      return text == "true";
    case ParamType::kChoice:
      return json::value(text);
  }
  return nullptr;
}

json::object row_json(const JobParam& param) {
  json::object row{{"name", param.name},   {"type", name_of_type(param.type)},
                   {"help", param.help},   {"default", value_json(param.type, param.default_value)},
                   {"unit", param.unit},   {"choices", names_json(param.choices)},
                   {"applies_to", nullptr}};
  if (param.type == ParamType::kInteger || param.type == ParamType::kNumber) {
    row["min"] = param.bounds.min;
    row["max"] = param.bounds.max;
  }
  if (!param.applies_to.param.empty()) {
    row["applies_to"] = {{"parameter", param.applies_to.param},
                         {"values", names_json(param.applies_to.values)}};
  }
  json::array others;
  for (const diffusion::OtherDefault& other : param.other_defaults) {
    others.push_back(
        {{"value", value_json(param.type, other.value)}, {"for", names_json(other.choices)}});
  }
  row["other_defaults"] = std::move(others);
  return row;
}

json::object preset_json(const diffusion::JobPreset& preset) {
  json::object values;
  for (const diffusion::NamedValue& value : preset.values) {
    values[value.name] = value_json(diffusion::find_job_param(value.name)->type, value.value);
  }
  return {{"name", preset.name}, {"help", preset.help}, {"values", std::move(values)}};
}

}  // namespace

std::string parameter_table_json() {
  json::array rows;
  for (const JobParam& param : diffusion::job_param_table()) rows.push_back(row_json(param));
  json::array presets;
  for (const diffusion::JobPreset& preset : diffusion::job_presets()) {
    presets.push_back(preset_json(preset));
  }
  return json_text(
      json::object{{"object", "list"}, {"data", std::move(rows)}, {"presets", std::move(presets)}});
}

}  // namespace unmask::rpc
