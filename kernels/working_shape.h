#pragma once

#include <cstdint>

#include "kernels/device_kind.h"
#include "kernels/shares.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// The largest operations of a model's forward, as far as kernels need memory of their own for
/// them.
struct WorkingShape {
  int num_rows = 0;       ///< of a step
  ShareOffsets inputs{};  ///< of the Linear that has shares, and gives `hidden` features
  int hidden = 0;
  int widest_output = 0;  ///< of a Linear
  int expert_width = 0;   ///< of the widest expert, or share of an MLP
  int top_k = 0;          ///< experts of a row, or shares of an MLP
  int num_experts = 0;    ///< held here, of the kind there are more of
  int mlp_width = 0;      ///< of a share of an MLP; 0: there is none
  int num_slices = 0;     ///< shares of an MLP, held here
  int num_routed = 0;     ///< experts that a row's are chosen from
  int num_heads = 0;      ///< held here
  int head_dim = 0;
  int num_keys = 0;           ///< that a row may see
  ShareOffsets vocabulary{};  ///< held here
  bool mixes = false;         ///< whether MixEmbeddings is asked for
  DType weights = DType::kF32;
  bool has_fast_products = false;  ///< a GPU may compute them by a library: FastProducts

  [[nodiscard]] int widest_input() const {
    return int(inputs.num_items()) > hidden ? int(inputs.num_items()) : hidden;
  }
};

/// What a device's kernels take for forwards of this shape, beside their operands.
[[nodiscard]] std::uint64_t working_bytes(DeviceKind device, const WorkingShape& shape,
                                          int num_threads);

/// What Backend::pack_matrix() takes on a device for a matrix of so many rows.
[[nodiscard]] std::uint64_t packed_bytes(DeviceKind device, std::int64_t rows,
                                         const ShareOffsets& col_shares, DType dtype);

/// What Backend::pack_experts() takes for one expert.
[[nodiscard]] std::uint64_t packed_expert_bytes(DeviceKind device, int hidden, int width,
                                                DType dtype);

}  // namespace unmask::kernels
