#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "model/collective.h"

namespace unmask::rpc {

/// The connected collectives of `size` threads of this process, by rank; each is used by one
/// thread. Nothing is copied but from buffer to buffer.
///
/// Destroying one makes the calls of the others fail: its rank is gone. A rank that does not come
/// within `timeout`, or comes with another size of data, breaks the group.
std::vector<std::unique_ptr<Collective>> make_in_process_collectives(
    int size, std::chrono::milliseconds timeout = std::chrono::seconds(60));

/// Groups of one worker, which opens no socket for them.
std::unique_ptr<CollectiveFactory> make_lone_collectives();

}  // namespace unmask::rpc
