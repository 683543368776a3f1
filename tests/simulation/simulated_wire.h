#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "rpc/codec/codec.h"
#include "rpc/links.h"
#include "runtime/base/check.h"
#include "runtime/cli/dispatch.h"
#include "runtime/simulation/simulation.h"

namespace unmask::simulation {

/// One address of a simulated process and the links over it: the bytes are those of real clusters.
///
/// Kept by its process, longer than the actors.
class SimulatedWire {
 public:
  /// unexpected: where types are named that nobody here takes.
  SimulatedWire(Simulation& simulation, SimulatedProcess& process, Address address,
                std::vector<std::string>& unexpected)
      : unexpected_(unexpected),
        links_(process.env(), Link::Options{},
               {[this](PeerId peer) {
                  if (up_) UNMASK_CHECK(up_(peer));
                },
                [this](PeerId from, WireMessage message) { return take(from, std::move(message)); },
                [this](PeerId peer, DownReason reason, const std::string& why) {
                  if (reason == DownReason::kProtocol) unexpected_.push_back("protocol: " + why);
                  // A full mailbox would be a bug of the scenario.
                  if (down_) UNMASK_CHECK(down_(peer));
                }}) {
    links_.bind(simulation.network().attach(address, links_.transport_events()));
  }

  [[nodiscard]] ActorRef<Outgoing> outgoing() {
    return ActorRef<Outgoing>([this](const Outgoing& outgoing) { return links_.send(outgoing); });
  }
  [[nodiscard]] ActorRef<Disconnect> disconnect() {
    return ActorRef<Disconnect>([this](const Disconnect& disconnect) {
      links_.disconnect(disconnect);
      return true;
    });
  }

  /// Who takes what comes. filter: may change or swallow (false) it first.
  void receive(cli::Dispatch dispatch, std::function<bool(PeerId, WireMessage&)> filter = {}) {
    dispatch_ = std::move(dispatch);
    filter_ = std::move(filter);
  }
  void on_peer(std::function<bool(PeerId)> up, std::function<bool(PeerId)> down) {
    up_ = std::move(up);
    down_ = std::move(down);
  }

  [[nodiscard]] Links& links() { return links_; }

 private:
  bool take(PeerId from, WireMessage message) {
    if (filter_ && !filter_(from, message)) return true;
    const MessageType type = type_of(message);
    const cli::Dispatch::Outcome outcome = dispatch_.deliver(from, std::move(message));
    if (outcome == cli::Dispatch::Outcome::kUnexpected) {
      unexpected_.emplace_back(traits_of(type)->name);
    }
    return outcome != cli::Dispatch::Outcome::kFull;
  }

  std::vector<std::string>& unexpected_;
  cli::Dispatch dispatch_;
  std::function<bool(PeerId, WireMessage&)> filter_;
  std::function<bool(PeerId)> up_;
  std::function<bool(PeerId)> down_;
  Links links_;
};

}  // namespace unmask::simulation
