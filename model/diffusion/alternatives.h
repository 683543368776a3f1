/// The alternatives of a variant (of strategies, of cache policies), and the names that jobs give
/// them.

#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace unmask::diffusion {

/// Calls `visit` with every alternative of `Variant`, at its defaults.
template <typename Variant>
constexpr void for_each_alternative(auto visit) {
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    (visit(std::variant_alternative_t<Index, Variant>{}), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Variant>>());
}

template <typename Variant>
std::vector<std::string_view> names_of() {
  std::vector<std::string_view> names;
  for_each_alternative<Variant>(
      [&]<typename Alternative>(const Alternative&) { names.push_back(Alternative::kName); });
  return names;
}

/// The alternative that is called `name`, at its defaults.
template <typename Variant>
constexpr std::optional<Variant> alternative_named(std::string_view name) {
  std::optional<Variant> found;
  for_each_alternative<Variant>([&]<typename Alternative>(const Alternative& alternative) {
    if (Alternative::kName == name) found.emplace(alternative);
  });
  return found;
}

/// Visits (Param, default) of what jobs may name beside the fields of `Params`, if anything.
template <typename Params>
void for_each_fieldless_param_of(auto visit) {
  if constexpr (requires { Params::for_each_fieldless_param(visit); }) {
    Params::for_each_fieldless_param(visit);
  }
}

}  // namespace unmask::diffusion
