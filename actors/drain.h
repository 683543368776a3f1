#pragma once

#include "runtime/actor/actor_ref.h"

namespace unmask::actors {

/// An actor that was told to drain has ended everything it had accepted.
struct Drained {};

/// Refuse what is new, bring to an end what was accepted, then say so; once.
struct Drain {
  ActorRef<Drained> reply_to;
};

}  // namespace unmask::actors
