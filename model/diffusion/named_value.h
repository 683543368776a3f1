#pragma once

#include <string>

namespace unmask::diffusion {

/// A job parameter as the user wrote it.
struct NamedValue {
  std::string name;
  std::string value;

  bool operator==(const NamedValue&) const = default;
};

}  // namespace unmask::diffusion
