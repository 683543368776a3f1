/// Whether an answer is right, as far as its text alone says so.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace unmask::cli {

enum class Verifier : std::uint8_t {
  kExact,        ///< the same text, but for white space around it
  kFinalNumber,  ///< the last number, behind the last "####" if there is one
  kJson,         ///< equal as JSON
  kChoice,       ///< A, B, C or D
  kPython,       ///< Python that a checker runs: python_check.h
};

/// "exact", "final_number", "json", "choice", "python".
/// Errors  kInvalidArgument naming the nearest
[[nodiscard]] Result<Verifier> parse_verifier(std::string_view name);
[[nodiscard]] std::string_view name_of(Verifier verifier);

/// verifier: any but kPython
[[nodiscard]] bool is_right(Verifier verifier, std::string_view text, std::string_view expected);

/// "1,234.50" as "1234.5"; empty if there is no number.
[[nodiscard]] std::string final_number(std::string_view text);

/// The letter that `text` decides for: behind its last "answer", else the last that stands alone;
/// 0 if there is none.
[[nodiscard]] char final_choice(std::string_view text);

/// No white space around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

}  // namespace unmask::cli
