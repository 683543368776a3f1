#include <boost/json.hpp>
#include <optional>

#include "model/infilling/json_text.h"
#include "model/infilling/template_syntax.h"

namespace unmask::infilling {
namespace {

namespace json = boost::json;

std::optional<Error> write(const json::value& value, Template& to);

/// A string that is one hole of another kind is that value, without quotes.
std::optional<Error> write_string(std::string_view text, Template& to) {
  Result<Template> parsed = read_text_template(text);
  if (!parsed) return parsed.error();
  std::vector<Piece>& pieces = parsed->pieces;
  auto* only = pieces.size() == 1 ? std::get_if<Hole>(&pieces[0]) : nullptr;
  if (only != nullptr && only->kind != HoleKind::kText && only->kind != HoleKind::kString) {
    to.append(std::move(*only));
    return std::nullopt;
  }
  to.append("\"");
  for (Piece& piece : pieces) {
    if (const auto* given = std::get_if<std::string>(&piece)) {
      to.append(json_escaped(*given));
      continue;
    }
    Hole& hole = std::get<Hole>(piece);
    if (hole.kind != HoleKind::kText && hole.kind != HoleKind::kString) {
      return template_error("the hole '" + hole.name +
                            "' stands in a string with other text, so it can only be a string");
    }
    hole.kind = HoleKind::kString;
    to.append(std::move(hole));
  }
  to.append("\"");
  return std::nullopt;
}

std::optional<Error> write_object(const json::object& object, Template& to) {
  to.append("{");
  bool is_first = true;
  for (const auto& [key, value] : object) {
    to.append(is_first ? "\"" : ", \"");
    to.append(json_escaped(key));
    to.append("\": ");
    if (auto error = write(value, to)) return error;
    is_first = false;
  }
  to.append("}");
  return std::nullopt;
}

std::optional<Error> write(const json::value& value, Template& to) {
  if (const auto* object = value.if_object()) return write_object(*object, to);
  if (const auto* text = value.if_string()) return write_string(*text, to);
  const auto* list = value.if_array();
  if (list == nullptr) {
    to.append(json_of(value));
    return std::nullopt;
  }
  to.append("[");
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (i > 0) to.append(", ");
    if (auto error = write((*list)[i], to)) return error;
  }
  to.append("]");
  return std::nullopt;
}

}  // namespace

Result<Template> read_json_template(std::string_view text) {
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  if (failure) return template_error("the JSON template is not JSON: " + failure.message());
  Template parsed;
  if (auto error = write(value, parsed)) return *error;
  return parsed;
}

}  // namespace unmask::infilling
