/// Members of an object that may be there. Only sources include this, as rpc/openai/json_text.h.

#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unmask::cli {

/// Empty if it is not there or no text.
[[nodiscard]] std::string text_or_nothing(const boost::json::object& object, std::string_view key);

/// The texts of a list.
[[nodiscard]] std::vector<std::string> texts_of(const boost::json::object& object,
                                                std::string_view key);

[[nodiscard]] std::optional<double> number_or_nothing(const boost::json::object& object,
                                                      std::string_view key);

}  // namespace unmask::cli
