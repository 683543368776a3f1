/// Safetensors files written by hand, also those that no one should write.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/bytes.h"

namespace unmask::checkpoint {

/// The file with this header, and `num_data_bytes` zeros behind it. `stated_length` may lie.
inline std::string safetensors_bytes(std::string_view header, std::size_t num_data_bytes,
                                     std::uint64_t stated_length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(stated_length >> (8 * i) & 0xff);
  bytes += header;
  bytes.append(num_data_bytes, '\0');
  return bytes;
}

inline std::string safetensors_bytes(std::string_view header, std::size_t num_data_bytes) {
  return safetensors_bytes(header, num_data_bytes, header.size());
}

inline ByteView view(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace unmask::checkpoint
