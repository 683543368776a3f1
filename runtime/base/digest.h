#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace unmask {

/// Tells whether two processes hold the same bytes. It guards against mistakes, not against malice.
///
/// Source  FNV-1a, 64 bit
class Digest {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) add_byte(std::uint64_t(byte));
  }

  void add(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) add_byte((number >> shift) & 0xff);
  }

  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void add_byte(std::uint64_t byte) { value_ = (value_ ^ byte) * 0x100000001b3ULL; }

  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

}  // namespace unmask
