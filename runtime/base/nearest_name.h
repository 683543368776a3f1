#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace unmask {

/// The one of `known` with the least edit distance from `name`, the first of several; empty if that
/// is `too_far` or more, or if `name` is too long to look.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known,
                              std::size_t too_far);

/// ` (did you mean "threads"?)` for a name that nobody knows, to end a sentence with; empty if none
/// of `known` is near.
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

}  // namespace unmask
