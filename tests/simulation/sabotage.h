#pragma once

#include <functional>
#include <vector>

#include "actors/messages.h"

namespace unmask::simulation {

/// A bug that a coordinator could have, put in from outside, to see that the checks find it.
struct Sabotage {
  /// What the coordinator sends instead of a message.
  std::function<std::vector<actors::Outgoing>(actors::Outgoing)> sent;
  /// May change what the coordinator gets; false swallows it.
  std::function<bool(PeerId, actors::WireMessage&)> received;
};

/// The third block that is committed counts twice, and the job's later ones are off by one.
[[nodiscard]] Sabotage commits_a_block_twice();

/// The end of one job is never told, however often the gateway asks.
[[nodiscard]] Sabotage loses_a_finished();

/// Sometimes a forward is answered with the candidates of the one before, where they fit.
[[nodiscard]] Sabotage applies_a_stale_result();

/// Workers are never told that a sequence is over.
[[nodiscard]] Sabotage forgets_to_close_sequences();

/// The first two jobs get each other's blocks.
[[nodiscard]] Sabotage mixes_two_jobs_up();

}  // namespace unmask::simulation
