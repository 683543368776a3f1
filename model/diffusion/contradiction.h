#pragma once

#include <optional>

#include "model/diffusion/canvas.h"
#include "model/diffusion/params.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

/// What of the parameters makes no sense beside the rest, or beside the model's attention, as an
/// error (kInvalidArgument) that names both sides; nothing if all go together.
std::optional<Error> contradiction_in(const DiffusionParams& params, bool is_block_causal);

/// Text behind a hole that block-causal attention keeps from it, as an error (kInvalidArgument);
/// nothing if there is none. Blocks are counted from position 0.
std::optional<Error> unseen_text_in(const Canvas& canvas, std::int32_t block_length);

}  // namespace unmask::diffusion
