#pragma once

#include <span>
#include <string>
#include <string_view>

namespace unmask {

/// ` (did you mean "threads"?)` for a name that nobody knows, to end a sentence with; empty if none
/// of `known` is near.
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

}  // namespace unmask
