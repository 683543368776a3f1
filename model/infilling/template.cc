#include "model/infilling/template.h"

#include <set>

#include "model/infilling/template_syntax.h"

namespace unmask::infilling {

void Template::append(std::string_view text) {
  if (text.empty()) return;
  if (pieces.empty() || !std::holds_alternative<std::string>(pieces.back())) pieces.emplace_back();
  std::get<std::string>(pieces.back()) += text;
}

std::vector<Hole> Template::holes() const {
  std::vector<Hole> holes;
  for (const Piece& piece : pieces) {
    if (const auto* hole = std::get_if<Hole>(&piece)) holes.push_back(*hole);
  }
  return holes;
}

bool Template::has_rules() const {
  for (const Piece& piece : pieces) {
    const auto* hole = std::get_if<Hole>(&piece);
    if (hole != nullptr && hole->kind != HoleKind::kText) return true;
  }
  return false;
}

namespace {

Result<Template> read(std::string_view text, Format format) {
  switch (format) {
    case Format::kText:
      return read_text_template(text);
    case Format::kJson:
      return read_json_template(text);
    case Format::kJsonSchema:
      return read_json_schema(text);
    case Format::kPieces:
      return read_pieces(text);
  }
  return template_error("a template is of no known format");
}

}  // namespace

Result<Template> parse_template(std::string_view text, Format format) {
  Result<Template> parsed = read(text, format);
  if (!parsed) return parsed;
  std::set<std::string_view> names;
  const Hole* last = nullptr;
  for (const Piece& piece : parsed->pieces) {
    const auto* hole = std::get_if<Hole>(&piece);
    if (hole != nullptr && last != nullptr) {
      return template_error("the holes '" + last->name + "' and '" + hole->name +
                            "' touch; write some text between them, or make them one");
    }
    if (hole != nullptr && !names.insert(hole->name).second) {
      return template_error("two holes are called '" + hole->name + "'; each needs its own name");
    }
    last = hole;
  }
  if (names.empty()) {
    return template_error(
        "the template has no hole, so nothing is to be filled in; a hole is {{name:N}}, N tokens "
        "long");
  }
  if (names.size() > kMaxHoles) {
    return template_error("the template has " + std::to_string(names.size()) +
                          " holes, the limit is " + std::to_string(kMaxHoles));
  }
  return parsed;
}

}  // namespace unmask::infilling
