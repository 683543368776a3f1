#pragma once

#include "runtime/actor/supervisor.h"

namespace unmask::actors {

/// For actors whose peers hold what they would forget: started again alone they would wait for ever
/// for news that were told already. The process ends at once, and whoever watches it starts it
/// again; then everybody connects anew.
inline constexpr SupervisorOptions kEndsTheProcess{.max_failures = 0};

}  // namespace unmask::actors
