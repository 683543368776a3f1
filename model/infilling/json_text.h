#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace unmask::infilling {

/// On one line; numbers without exponents that nobody wrote.
[[nodiscard]] std::string json_of(const boost::json::value& value);

/// UTF-8 as it stands between the quotes of a JSON string.
[[nodiscard]] std::string json_escaped(std::string_view text);

/// The longest beginning of `text` that is a JSON number, without zeros too many; "0" if there is
/// none.
[[nodiscard]] std::string json_number(std::string_view text, bool is_integer);

/// The first `count` characters of UTF-8.
[[nodiscard]] std::string_view first_chars(std::string_view text, std::size_t count);

}  // namespace unmask::infilling
