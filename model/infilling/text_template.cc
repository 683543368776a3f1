#include <algorithm>
#include <charconv>
#include <string>

#include "model/infilling/template_syntax.h"

namespace unmask::infilling {
namespace {

constexpr std::string_view kOpen = "{{", kClose = "}}";
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxShownBytes = 40;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

/// Sets what {{name:N:kind}} says of its kind. Returns whether it is one.
bool set_kind(std::string_view kind, Hole& hole) {
  if (kind == "string") hole.kind = HoleKind::kString;
  if (kind == "integer") hole.kind = HoleKind::kInteger;
  if (kind == "number") hole.kind = HoleKind::kNumber;
  if (kind == "boolean") {
    hole.kind = HoleKind::kChoice;
    hole.choices = {"true", "false"};
  }
  return hole.kind != HoleKind::kText;
}

/// What stands between the braces.
bool read_hole(std::string_view text, Hole& hole) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = text.substr(0, colon);
  if (name.empty() || name.size() > kMaxNameBytes || !std::ranges::all_of(name, is_name_char)) {
    return false;
  }
  hole.name = name;
  const std::string_view rest = text.substr(colon + 1);
  const std::size_t second = std::min(rest.find(':'), rest.size());
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + second, hole.num_tokens);
  if (error != std::errc() || end != rest.data() + second) return false;
  if (hole.num_tokens < 1 || hole.num_tokens > kMaxHoleTokens) return false;
  return second == rest.size() || set_kind(rest.substr(second + 1), hole);
}

Error bad_hole(std::string_view text, std::size_t at) {
  const auto line = 1 + std::count(text.begin(), text.begin() + std::ptrdiff_t(at), '\n');
  std::string shown(text.substr(at, std::min(text.find('\n', at) - at, kMaxShownBytes)));
  return template_error("line " + std::to_string(line) + " of the template: '" + shown +
                        "' does not begin with a hole {{name:N}}, whose N is 1 to " +
                        std::to_string(kMaxHoleTokens) +
                        " tokens and whose name has letters, digits, '_', '-' and '.'; braces that "
                        "are text are written \\{{");
}

}  // namespace

Result<Template> read_text_template(std::string_view text) {
  Template parsed;
  std::size_t done = 0;
  for (;;) {
    const std::size_t open = text.find(kOpen, done);
    if (open == std::string_view::npos) break;
    if (open > done && text[open - 1] == '\\') {
      parsed.append(text.substr(done, open - 1 - done));
      parsed.append(kOpen);
      done = open + kOpen.size();
      continue;
    }
    const std::size_t close = text.find(kClose, open);
    Hole hole;
    if (close == std::string_view::npos ||
        !read_hole(text.substr(open + kOpen.size(), close - open - kOpen.size()), hole)) {
      return bad_hole(text, open);
    }
    parsed.append(text.substr(done, open - done));
    parsed.append(std::move(hole));
    done = close + kClose.size();
  }
  parsed.append(text.substr(done));
  return parsed;
}

}  // namespace unmask::infilling
