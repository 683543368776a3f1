/// The loops that exist once per instruction set, and what they work on.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/instruction_set.h"
#include "kernels/shares.h"

namespace unmask::kernels {

inline constexpr int kPanelCols = 16;  ///< output features side by side in a panel
inline constexpr int kStepBytes = 64;  ///< of a panel: 16 f32, or 16 pairs of bf16

/// A sum over input features as steps of a panel: one f32 or two bf16 features each. A share that
/// does not fill its last step is padded with zeros. Share i is steps [offset[i], offset[i + 1]).
struct Steps {
  std::array<std::int64_t, kNumShares + 1> offset{};
  int count = 1;  ///< of shares: 1, 2, 4 or 8

  [[nodiscard]] std::int64_t total() const { return offset[count]; }
};

/// Rows times consecutive panels.
///
/// A column of a row is summed step by step, its shares by tree, wherever it stands in the tile:
/// its bytes depend on nothing else.
struct Tile {
  const void* rows = nullptr;  ///< [steps][height], 4 bytes each
  int height = 0;              ///< 1 .. Kernels::max_height
  const std::byte* panels = nullptr;
  std::size_t panel_bytes = 0;  ///< from one panel to the next
  const Steps* steps = nullptr;
  int num_cols = 0;      ///< of the panels, from the first one's first
  float* out = nullptr;  ///< [height, num_cols]
  std::int64_t out_stride = 0;
};

inline constexpr int kMaxAttentionRows = 32;

/// Some rows of one query head, and the keys and values that all of them see.
///
/// A score is summed in the order of the dimensions, everything else in the order of the keys: the
/// bytes of a row depend on its query and its keys alone.
struct AttentionTile {
  const float* keys = nullptr;    ///< [num_keys, key_stride], of which head_dim count
  const float* values = nullptr;  ///< likewise, zeros behind them
  int num_keys = 0;               ///< at least 1
  int head_dim = 0;
  int key_stride = 0;              ///< head_dim rounded up to sixteen
  int num_rows = 0;                ///< 1 .. kMaxAttentionRows
  int num_panels = 1;              ///< of sixteen rows side by side, the last filled up with zeros
  const float* queries = nullptr;  ///< [head_dim][16 * num_panels], scaled
  float* weights = nullptr;        ///< scratch, [num_keys][16 * num_panels]
  float* out = nullptr;            ///< [num_rows, head_dim]
  std::int64_t out_stride = 0;
};

/// Sums of a softmax: of e = exp(x - max), and of (x - max) * e.
struct ExpSums {
  float sum = 0;
  float sum_x = 0;
};

/// One instruction set's loops. No loop's result for a value depends on where the value stands.
struct Kernels {
  const char* name = nullptr;
  int max_height = 0;  ///< of a tile

  void (*multiply_f32)(const Tile& tile);
  void (*multiply_bf16)(const Tile& tile);
  /// out[i] = softmax(queries[i] * keys) values
  void (*attend)(const AttentionTile& tile);

  /// out[i] = bf16 of x[i], to nearest even.
  void (*round_to_bf16)(const float* x, std::int64_t n, std::uint16_t* out);
  void (*widen_bf16)(const std::uint16_t* x, std::int64_t n, float* out);

  float (*dot)(const float* a, const float* b, std::int64_t n);
  /// out[j] = x[j] / sqrt(mean(x^2) + eps) * weight[j].  Alias  out may be x
  void (*rms_norm)(const float* x, const float* weight, float eps, std::int64_t n, float* out);
  /// Rotates x[j] with x[half + j] by the angle j.
  void (*rotate)(float* x, const float* cos, const float* sin, int half);
  /// out[j] = silu(gate[j]) * up[j]; n a multiple of 16.
  void (*silu_multiply)(const float* gate, const float* up, int n, float* out);
  /// out[j] += factor * x[j]
  void (*add_scaled)(const float* x, float factor, std::int64_t n, float* out);
  /// out[j] += the tree sum over p of parts[p * stride + j]; num_parts a power of two, at most
  /// kNumShares.
  void (*add_tree)(const float* parts, std::int64_t stride, int num_parts, std::int64_t n,
                   float* out);

  /// -inf if there is none; what is not a number is passed over.
  float (*max)(const float* x, std::int64_t n);
  /// The first index with that value, or n.
  std::int64_t (*find)(const float* x, std::int64_t n, float value);
  /// Without the values that are -inf.
  ExpSums (*exp_sums)(const float* x, std::int64_t n, float max);
  /// x[j] = exp(x[j] - max); returns their sum.
  float (*softmax_numerators)(float* x, std::int64_t n, float max);
};

/// Plain C++, for any machine.
extern const Kernels kPortableKernels;

/// Null if this machine (or the build's target) does not have it.
[[nodiscard]] const Kernels* kernels_of(InstructionSet set);

}  // namespace unmask::kernels
