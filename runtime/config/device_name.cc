#include "runtime/config/device_name.h"

#include <charconv>

namespace unmask {

std::optional<DeviceName> parse_device_name(std::string_view text) {
  constexpr std::string_view kIndexed = "cuda:";
  if (text == "auto") return DeviceName{};
  if (text == "cpu") return DeviceName{DeviceName::Kind::kCpu};
  if (text == "cuda") return DeviceName{DeviceName::Kind::kCuda};
  if (!text.starts_with(kIndexed)) return std::nullopt;
  text.remove_prefix(kIndexed.size());
  int index = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (problem != std::errc() || rest != text.data() + text.size() || index < 0) return std::nullopt;
  return DeviceName{DeviceName::Kind::kCuda, index};
}

}  // namespace unmask
