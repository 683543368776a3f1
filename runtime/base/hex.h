#pragma once

#include <string>
#include <string_view>

#include "runtime/base/ids.h"

namespace unmask {

/// 32 digits, as people see a job's id.
inline std::string to_hex(const JobId& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : id.bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace unmask
