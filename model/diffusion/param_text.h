/// What the fields of parameters are as text, by their types.

#pragma once

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "model/diffusion/compat.h"
#include "model/diffusion/param.h"
#include "runtime/base/check.h"

namespace unmask::diffusion {

/// As jobs write it; empty for what is not chosen. A switch is a struct that is there or not.
template <typename Field>
requires std::is_arithmetic_v<Field> std::string text_of(Field field) {
  if constexpr (std::is_same_v<Field, bool>) {
    return field ? "true" : "false";
  } else {
    std::array<char, 32> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), field).ptr};
  }
}

template <typename... Alternatives>
std::string text_of(const std::variant<Alternatives...>& choice) {
  return std::visit([]<typename Params>(const Params&) { return std::string(Params::kName); },
                    choice);
}

template <typename... Alternatives>
std::string text_of(const std::optional<std::variant<Alternatives...>>& choice) {
  return choice ? text_of(*choice) : "";
}

template <typename Params>
std::string text_of(const std::optional<Params>& params) {
  return text_of(params.has_value());
}

inline std::string text_of(const Compat& compat) {
  const Preset* preset = preset_of(compat);
  UNMASK_CHECK(preset != nullptr);
  return std::string(preset->driver);
}

inline std::string text_of(OnlyChoice choice) { return std::string(choice.name); }

}  // namespace unmask::diffusion
