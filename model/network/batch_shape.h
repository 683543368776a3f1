#pragma once

#include <compare>
#include <vector>

namespace unmask::network {

/// How much a step has of everything, or has room for.
struct BatchShape {
  int rows = 0;
  int sequences = 0;
  int listed = 0;   ///< tokens whose logits are wanted beside the best ones
  int decoded = 0;  ///< rows whose candidates are wanted

  friend auto operator<=>(const BatchShape&, const BatchShape&) = default;
};

/// Listed tokens that there is room for from the start, per row of a step.
inline constexpr int kListedPerRow = 16;

/// The least of few shapes with room for `used`: a device records the forward of each once.
///
/// max_rows: of a step
/// counts_decoded: room for decoded rows is for few more than are used; otherwise for as many as
/// there are rows, if for any, which makes fewer shapes
[[nodiscard]] BatchShape bucket_of(const BatchShape& used, int max_rows, bool counts_decoded);

/// All numbers of rows that bucket_of() says, ascending.
[[nodiscard]] std::vector<int> row_buckets(int max_rows);

}  // namespace unmask::network
