#pragma once

#include <string>
#include <variant>
#include <vector>

#include "actors/messages.h"
#include "runtime/simulation/testbed.h"

namespace unmask::actors {

inline constexpr PeerId kCoordinator = 50;

/// Everything of one type that was sent to a peer, in order.
template <typename Message>
std::vector<Message> sent_to(const Probe<Outgoing>& wire, PeerId peer) {
  std::vector<Message> messages;
  for (const Outgoing& outgoing : wire.received) {
    if (outgoing.to != peer) continue;
    if (const auto* message = std::get_if<Message>(&outgoing.message)) messages.push_back(*message);
  }
  return messages;
}

/// The last of one type that was sent to a peer; a fresh one if there is none.
template <typename Message>
Message last_to(const Probe<Outgoing>& wire, PeerId peer) {
  const std::vector<Message> messages = sent_to<Message>(wire, peer);
  return messages.empty() ? Message{} : messages.back();
}

/// A job's id that is easily told from others.
inline JobId job_id(int number) {
  JobId id;
  id.bytes[14] = std::uint8_t(number / 256);
  id.bytes[15] = std::uint8_t(number % 256);
  return id;
}

}  // namespace unmask::actors
