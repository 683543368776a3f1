/// A loop in the middle of its life as bytes, for whoever goes on with it elsewhere.

#pragma once

#include "model/diffusion/loop.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

/// Parameters, vocabulary and state of a loop that has not ended. For another process of this
/// build: numbers stand as they do in memory.
Bytes bytes_of(const DiffusionLoop& loop);

/// Errors  kInvalidArgument if these are not bytes of a loop
Result<DiffusionLoop> loop_from(ByteView bytes);

}  // namespace unmask::diffusion
