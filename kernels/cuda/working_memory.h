#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/working_shape.h"

namespace unmask::kernels {

/// What a product of cuBLASLt may take: as much as is advised for Hopper, so that every algorithm
/// is there to be chosen.
inline constexpr std::size_t kCublasWorkspaceBytes = 32 << 20;

/// Rows of logits that are in memory at a time, where cuBLASLt makes them: enough to be bound by
/// arithmetic, and 160 MB for a vocabulary of 157,000.
inline constexpr int kMaxLogitRows = 256;

/// Device memory that the kernels of a GPU need beside their operands: one piece, which all
/// operations of a forward use in turn.
[[nodiscard]] std::uint64_t cuda_working_bytes(const WorkingShape& shape);

}  // namespace unmask::kernels
