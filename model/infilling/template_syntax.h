/// How each format is read. Private to the folder; parse_template() checks the rest.

#pragma once

#include <string>
#include <string_view>

#include "model/infilling/template.h"

namespace unmask::infilling {

inline Error template_error(std::string sentence) {
  return {ErrorCode::kInvalidArgument, std::move(sentence)};
}

[[nodiscard]] Result<Template> read_text_template(std::string_view text);
[[nodiscard]] Result<Template> read_json_template(std::string_view text);
[[nodiscard]] Result<Template> read_json_schema(std::string_view text);
[[nodiscard]] Result<Template> read_pieces(std::string_view text);

}  // namespace unmask::infilling
