#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace unmask {

/// Random bits of the operating system, which nobody can foresee. Numbers that shall come again
/// with a seed: rng.h.
void fill_randomly(std::span<std::byte> bytes);

/// 64 of them.
[[nodiscard]] std::uint64_t random_bits();

}  // namespace unmask
