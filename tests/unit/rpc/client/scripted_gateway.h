#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "rpc/links.h"
#include "runtime/simulation/simulation.h"

namespace unmask::rpc {

inline constexpr Address kGateway = 0;

/// The other end of a client on a simulated network: links, and what a test lets it do with a
/// message.
struct ScriptedGateway {
  explicit ScriptedGateway(Simulation& simulation, Link::Options options = {})
      : links(simulation.start(kGateway).env(), options,
              {[this](PeerId peer) { clients.push_back(peer); },
               [this](PeerId peer, actors::WireMessage message) {
                 heard.push_back(message);
                 if (script) script(peer, message);
                 return true;
               },
               [](PeerId /*peer*/, DownReason /*reason*/, const std::string& /*why*/) {}}) {
    links.bind(simulation.network().attach(kGateway, links.transport_events()));
  }

  void deliver(PeerId peer, actors::WireMessage message) {
    ASSERT_TRUE(links.send({peer, std::move(message)}));
  }
  template <typename Message>
  [[nodiscard]] std::vector<Message> heard_of() const {
    std::vector<Message> messages;
    for (const actors::WireMessage& message : heard) {
      if (const auto* one = std::get_if<Message>(&message)) messages.push_back(*one);
    }
    return messages;
  }

  std::function<void(PeerId, const actors::WireMessage&)> script;
  std::vector<PeerId> clients;
  std::vector<actors::WireMessage> heard;
  Links links;
};

}  // namespace unmask::rpc
