/// The eight virtual shares that make sums independent of the number of workers.

#pragma once

#include <array>
#include <cstdint>

namespace unmask::kernels {

/// Under `numerics: exact` every sum across workers is a balanced binary tree over this many
/// shares, however many workers hold them.
inline constexpr int kNumShares = 8;

/// The first of `n` items (query heads, experts, columns, vocabulary rows) in share `i`; share i
/// is [share_begin(n, i), share_begin(n, i + 1)), possibly empty.
constexpr std::int64_t share_begin(std::int64_t n, int i) { return i * n / kNumShares; }

/// Borders of consecutive shares, relative to the first item that is held: share i is
/// [offset[i], offset[i + 1]), possibly empty. `count` is 1, 2, 4 or 8; 1 = an ordinary sum.
struct ShareOffsets {
  std::array<std::int64_t, kNumShares + 1> offset{};
  int count = 1;

  [[nodiscard]] constexpr std::int64_t num_items() const { return offset[count]; }
};

/// What rank `rank` of `num_ranks` holds of `n` items: shares 8r/R to 8(r+1)/R - 1.
///
/// num_ranks: 1, 2, 4 or 8.
constexpr ShareOffsets local_shares(std::int64_t n, int rank, int num_ranks) {
  ShareOffsets shares;
  shares.count = kNumShares / num_ranks;
  const int first = rank * shares.count;
  for (int i = 0; i <= shares.count; ++i) {
    shares.offset[i] = share_begin(n, first + i) - share_begin(n, first);
  }
  return shares;
}

}  // namespace unmask::kernels
