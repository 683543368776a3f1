#include <boost/json.hpp>
#include <optional>

#include "model/infilling/template_syntax.h"

namespace unmask::infilling {
namespace {

namespace json = boost::json;

std::optional<Hole> hole_of(const json::value& value) {
  const json::array* pair = value.if_array();
  if (pair == nullptr || pair->size() != 2) return std::nullopt;
  const json::string* name = (*pair)[0].if_string();
  const std::int64_t* tokens = (*pair)[1].if_int64();
  if (name == nullptr || name->empty() || tokens == nullptr) return std::nullopt;
  if (*tokens < 1 || *tokens > kMaxHoleTokens) return std::nullopt;
  return Hole{std::string(*name), std::int32_t(*tokens)};
}

}  // namespace

Result<Template> read_pieces(std::string_view text) {
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  if (failure || !value.is_array()) return template_error("the pieces are no JSON list");
  Template made;
  for (const json::value& piece : value.get_array()) {
    if (piece.is_string()) {
      made.append(piece.get_string());
    } else if (auto hole = hole_of(piece)) {
      made.append(std::move(*hole));
    } else {
      return template_error("a piece is a text, or [name, N] of a hole of 1 to " +
                            std::to_string(kMaxHoleTokens) + " tokens");
    }
  }
  return made;
}

}  // namespace unmask::infilling
