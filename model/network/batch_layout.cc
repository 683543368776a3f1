#include "model/network/batch_layout.h"

#include <cstdint>

#include "kernels/backend.h"

namespace unmask::network {
namespace {

constexpr std::size_t kAlignment = 16;  // words: 64 bytes

}  // namespace

BatchLayout layout_of(const BatchShape& shape) {
  std::size_t end = kAlignment;  // behind the counts
  const auto take = [&](std::size_t words) {
    const std::size_t start = end;
    end = (end + words + kAlignment - 1) / kAlignment * kAlignment;
    return start;
  };
  const auto rows = std::size_t(shape.rows), sequences = std::size_t(shape.sequences);
  BatchLayout layout;
  layout.tokens = take(rows);
  layout.positions = take(rows);
  layout.slots = take(rows);
  layout.key_limit = take(rows);
  layout.head_rows = take(rows);
  layout.rules_of_row = take(rows);
  layout.present = take(rows);
  layout.decoded_positions = take(rows);
  layout.guidance_of_row = take(rows);
  layout.guidance_scales = take(rows);
  layout.mixed_rows = take(rows);
  layout.soft_rows_of = take(rows);
  layout.mask_tokens = take(rows);
  layout.mix_weights = take(rows);
  layout.listed_offsets = take(rows + 1);
  layout.row_offsets = take(sequences + 1);
  layout.run_offsets = take(sequences + 1);
  layout.rules = take(sequences * sizeof(kernels::LogitRules) / sizeof(std::int32_t));
  layout.listed_tokens = take(std::size_t(shape.listed));
  layout.rest = end;
  return layout;
}

}  // namespace unmask::network
