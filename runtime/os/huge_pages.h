#pragma once

#include <string>
#include <string_view>

namespace unmask {

/// Whom this machine gives huge pages: `always`, `madvise` (who asks for them) or `never`; empty:
/// it has none.
[[nodiscard]] std::string huge_pages_mode();

/// "madvise" of "always [madvise] never"; empty if nothing is chosen.
[[nodiscard]] std::string chosen_mode(std::string_view modes);

}  // namespace unmask
