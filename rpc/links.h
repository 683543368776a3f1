#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "rpc/link.h"
#include "runtime/actor/env.h"
#include "runtime/actor/transport.h"

namespace unmask::rpc {

/// Whom a process's messages from other processes go to. Called on the control thread.
struct LinkEvents {
  std::function<void(PeerId)> on_up;
  /// False: the receiver's mailbox is full; the same message comes again.
  std::function<bool(PeerId, actors::WireMessage)> on_message;
  /// Exactly once per peer that was up; for one that never was, only if it said why.
  std::function<void(PeerId, DownReason, const std::string& why)> on_down;
};

/// Who a peer is, as far as it is known.
struct PeerInfo {
  std::string key;            ///< public, and proved; empty without CURVE
  std::uint64_t boot_id = 0;  ///< of its process, as it says itself
};

/// All links over one transport: reliable, typed messages to and from many peers.
///
/// The same code runs on ZeroMQ and on a simulated network.
/// Owns the links; `transport` is bound after construction, because it wants events() first.
class Links {
 public:
  Links(Env env, Link::Options options, LinkEvents events);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  /// What the transport has to tell; valid as long as this object.
  [[nodiscard]] TransportEvents transport_events();
  void bind(Transport& transport) { transport_ = &transport; }

  /// False if the peer is not up or does not read.
  [[nodiscard]] bool send(const actors::Outgoing& outgoing);
  void disconnect(const actors::Disconnect& disconnect);

  /// Of a peer that is up; else empty.
  [[nodiscard]] PeerInfo info(PeerId peer) const;

  [[nodiscard]] std::vector<PeerId> peers() const;
  [[nodiscard]] std::size_t num_peers() const { return peers_.size(); }
  /// Every peer that is up has acknowledged everything that was sent to it.
  [[nodiscard]] bool is_quiet() const;

 private:
  struct Peer {
    std::unique_ptr<Link> link;
    PeerInfo info;
    bool is_up = false;
    TimerId timer = 0;
    Time timer_at{};
  };

  void open(PeerId id, const std::string& key);
  void receive(PeerId id, Bytes frame);
  void lose(PeerId id, DownReason reason);
  void forget(PeerId id, DownReason reason, const std::string& why);
  void arm(PeerId id);
  void tick(PeerId id);

  const Env env_;
  const Link::Options options_;
  LinkEvents events_;
  Transport* transport_ = nullptr;
  std::map<PeerId, Peer> peers_;
  Counter& num_protocol_errors_;
};

}  // namespace unmask::rpc
