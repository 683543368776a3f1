#pragma once

#include <string>
#include <string_view>

namespace unmask::rpc {

/// A part of a path with its %XX as the bytes that they stand for; what is no such triple stays.
[[nodiscard]] std::string percent_decoded(std::string_view part);

}  // namespace unmask::rpc
