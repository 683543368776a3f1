#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "actors/role/dispatch.h"
#include "rpc/codec/codec.h"
#include "rpc/links.h"
#include "runtime/base/check.h"
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
        links_(process.env(), rpc::Link::Options{},
               {[this](PeerId peer) {
                  if (up_) UNMASK_CHECK(up_(peer));
                },
                [this](PeerId from, actors::WireMessage message) {
                  return take(from, std::move(message));
                },
                [this](PeerId peer, DownReason reason, const std::string& why) {
                  if (reason == DownReason::kProtocol) unexpected_.push_back("protocol: " + why);
                  // A full mailbox would be a bug of the scenario.
                  if (down_) UNMASK_CHECK(down_(peer));
                }}) {
    links_.bind(simulation.network().attach(address, links_.transport_events()));
  }

  [[nodiscard]] ActorRef<actors::Outgoing> outgoing() {
    return ActorRef<actors::Outgoing>(
        [this](const actors::Outgoing& outgoing) { return links_.send(outgoing); });
  }
  [[nodiscard]] ActorRef<actors::Disconnect> disconnect() {
    return ActorRef<actors::Disconnect>([this](const actors::Disconnect& disconnect) {
      links_.disconnect(disconnect);
      return true;
    });
  }

  /// Who takes what comes. filter: may change or swallow (false) it first.
  void receive(actors::Dispatch dispatch,
               std::function<bool(PeerId, actors::WireMessage&)> filter = {}) {
    dispatch_ = std::move(dispatch);
    filter_ = std::move(filter);
  }
  void on_peer(std::function<bool(PeerId)> up, std::function<bool(PeerId)> down) {
    up_ = std::move(up);
    down_ = std::move(down);
  }

  [[nodiscard]] rpc::Links& links() { return links_; }

 private:
  bool take(PeerId from, actors::WireMessage message) {
    if (filter_ && !filter_(from, message)) return true;
    const rpc::MessageType type = rpc::type_of(message);
    const actors::Dispatch::Outcome outcome = dispatch_.deliver(from, std::move(message));
    if (outcome == actors::Dispatch::Outcome::kUnexpected) {
      unexpected_.emplace_back(rpc::traits_of(type)->name);
    }
    return outcome != actors::Dispatch::Outcome::kFull;
  }

  std::vector<std::string>& unexpected_;
  actors::Dispatch dispatch_;
  std::function<bool(PeerId, actors::WireMessage&)> filter_;
  std::function<bool(PeerId)> up_;
  std::function<bool(PeerId)> down_;
  rpc::Links links_;
};

}  // namespace unmask::simulation
