#pragma once

#include <cstdint>

#include "kernels/working_shape.h"

namespace unmask::kernels {

/// Device memory that the kernels of a GPU need beside their operands: one piece, which all
/// operations of a forward use in turn.
[[nodiscard]] std::uint64_t cuda_working_bytes(const WorkingShape& shape);

}  // namespace unmask::kernels
