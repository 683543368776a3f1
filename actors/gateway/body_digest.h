#pragma once

#include <cstdint>

#include "actors/messages.h"

namespace unmask::actors {

/// Tells a resend of a job from another job under the same id: over what decides the result, not
/// over who watches or how long is left.
[[nodiscard]] std::uint64_t body_digest(const Submit& submit);

}  // namespace unmask::actors
