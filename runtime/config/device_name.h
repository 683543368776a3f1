#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace unmask {

/// Where somebody wants a worker to compute: `auto`, `cpu`, `cuda` or `cuda:N`.
struct DeviceName {
  enum class Kind : std::uint8_t { kAuto, kCpu, kCuda };

  Kind kind = Kind::kAuto;
  int index = -1;  ///< of a GPU; -1: the worker's turn decides

  friend bool operator==(const DeviceName&, const DeviceName&) = default;
};

/// Nothing for anything else.
[[nodiscard]] std::optional<DeviceName> parse_device_name(std::string_view text);

}  // namespace unmask
