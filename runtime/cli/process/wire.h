#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "actors/role/dispatch.h"
#include "rpc/links.h"
#include "rpc/zmq/zmq_dialer.h"
#include "rpc/zmq/zmq_listener.h"
#include "runtime/actor/actor_ref.h"
#include "runtime/cli/process/process_host.h"

namespace unmask::cli {

/// One socket of a process with the links over it: typed messages to and from its peers.
///
/// Actors get outgoing() and disconnect() when they are made; then receive() says who takes what
/// comes, and listen() or dial() opens the socket. Must outlive the actors' last turn.
class Wire {
 public:
  explicit Wire(ProcessHost& host);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  [[nodiscard]] ActorRef<actors::Outgoing> outgoing();
  [[nodiscard]] ActorRef<actors::Disconnect> disconnect();
  /// Soon, not within this call: every peer, which may come again.
  void disconnect_all();

  void receive(actors::Dispatch dispatch) { dispatch_ = std::move(dispatch); }
  /// `up` may return false, and is then called again.
  void on_peer(std::function<bool(PeerId)> up, std::function<bool(PeerId)> down) {
    peer_up_ = std::move(up);
    peer_down_ = std::move(down);
  }

  /// Errors  kUnavailable naming the address
  Result<> listen(const rpc::ZmqOptions& options, const HostPort& address);
  Result<> dial(rpc::ZmqOptions options, const HostPort& address);

  /// Calls `done` once everything sent has arrived, or has had time enough.
  void when_quiet(std::function<void()> done);
  /// Says in the log every few seconds that nobody answers, for as long as it is so.
  void warn_while_alone(const std::string& who);

  /// Of a client that is up. operators: keys.
  [[nodiscard]] actors::Requester requester(PeerId peer,
                                            const std::set<std::string>& operators) const;

  /// Where it listens, with the real port, or whom it dials.
  [[nodiscard]] HostPort address() const { return address_; }

 private:
  bool take(PeerId from, actors::WireMessage message);
  void notify(const std::function<bool(PeerId)>& receiver, PeerId peer);
  void wait_until_quiet(Time latest, std::function<void()> done);

  ProcessHost& host_;
  actors::Dispatch dispatch_;
  std::function<bool(PeerId)> peer_up_;
  std::function<bool(PeerId)> peer_down_;
  std::string last_loss_;
  HostPort address_;
  rpc::Links links_;
  std::unique_ptr<Transport> transport_;
};

}  // namespace unmask::cli
