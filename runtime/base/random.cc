#include "runtime/base/random.h"

#include <sys/random.h>

#include "runtime/base/check.h"

namespace unmask {

void fill_randomly(std::span<std::byte> bytes) {
  UNMASK_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == ssize_t(bytes.size()));
}

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  fill_randomly(std::as_writable_bytes(std::span(&bits, 1)));
  return bits;
}

}  // namespace unmask
