#pragma once

#include <algorithm>
#include <span>
#include <string>

namespace unmask {

/// "a, b and 3 more": as many names as a line holds.
inline std::string listed(std::span<const std::string> names) {
  constexpr std::size_t kMaxNames = 8;
  std::string text;
  for (const std::string& name : names.first(std::min(names.size(), kMaxNames))) {
    text += (text.empty() ? "" : ", ") + name;
  }
  if (names.size() > kMaxNames) {
    text += " and " + std::to_string(names.size() - kMaxNames) + " more";
  }
  return text;
}

}  // namespace unmask
