#pragma once

#include <optional>

#include "model/diffusion/params.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

/// What of the parameters makes no sense beside the rest, or beside the model's attention, as an
/// error (kInvalidArgument) that names both sides; nothing if all go together.
std::optional<Error> contradiction_in(const DiffusionParams& params, bool is_block_causal);

}  // namespace unmask::diffusion
