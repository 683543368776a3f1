#pragma once

#include <cstdint>
#include <cstring>

#include "runtime/base/bytes.h"

namespace unmask {

/// A number that stands for everything that happened in a run: two runs of one seed that differ
/// anywhere have different traces.
class Trace {
 public:
  void add(std::uint64_t number) {
    value_ = (value_ ^ number) * 0x9fb21c651e98df25ULL;
    value_ ^= value_ >> 32;
  }

  void add(ByteView bytes) {
    add(bytes.size());
    for (; bytes.size() >= sizeof(std::uint64_t); bytes = bytes.subspan(sizeof(std::uint64_t))) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof(word));
      add(word);
    }
    for (const std::byte byte : bytes) add(std::uint64_t(byte));
  }

  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0x2545f4914f6cdd1dULL;
};

}  // namespace unmask
