/// Names of things that live longer than one message.

#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace unmask {

/// Made by the client before it first sends the job, so that a resend is the same job.
struct JobId {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const JobId&) const = default;
};

/// A job's canvas while it is served; given by the coordinator, never used twice.
using SequenceId = std::uint64_t;

/// One life of a worker group: counts up whenever its members change; what carries an older one is
/// void.
using Epoch = std::uint64_t;

/// One life of a process; a restarted process has a larger one.
using Incarnation = std::uint64_t;

/// The other end of a connection, as this process's transport numbers it; never used twice.
using PeerId = std::uint64_t;

}  // namespace unmask
