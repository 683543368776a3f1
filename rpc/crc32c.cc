#include "rpc/crc32c.h"

#include <array>
#include <cstring>

namespace unmask::rpc {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}
constexpr auto kTable = make_table();

std::uint32_t by_table(ByteView bytes, std::uint32_t crc) {
  for (const std::byte byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ std::uint32_t(byte)) & 0xff];
  return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(ByteView bytes, std::uint32_t crc) {
  std::uint64_t state = crc;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    state = __builtin_ia32_crc32di(state, word);
  }
  return by_table(bytes.subspan(i), std::uint32_t(state));
}
#endif

}  // namespace

std::uint32_t crc32c(ByteView bytes, std::uint32_t crc) {
  crc = ~crc;
#ifdef __x86_64__
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  return ~(has_instruction ? by_instruction(bytes, crc) : by_table(bytes, crc));
#else
  return ~by_table(bytes, crc);
#endif
}

}  // namespace unmask::rpc
