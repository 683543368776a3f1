/// What a struct says of a field that jobs set by name.
///
/// for_each_param of the struct visits (Param, field), on the host only; the default is the field's
/// own. for_each_fieldless_param, if it has one, visits (Param, default) of what jobs may name
/// though there is no field for it.

#pragma once

#include <string_view>

namespace unmask::diffusion {

inline constexpr double kMaxPositions = 1 << 20;

/// Inclusive, in the unit of the parameter.
struct Bounds {
  double min = 0;
  double max = 0;

  bool operator==(const Bounds&) const = default;
};

enum class Unset : bool { kNever, kByDefault };

struct Param {
  std::string_view name;
  std::string_view help;
  Bounds bounds{};              ///< of numbers
  std::string_view unit{};      ///< empty: a plain number
  Unset unset = Unset::kNever;  ///< kByDefault: the default means none, and is out of bounds

  bool operator==(const Param&) const = default;
};

/// The default of a fieldless choice with nothing to choose from.
struct OnlyChoice {
  std::string_view name;
};

}  // namespace unmask::diffusion
