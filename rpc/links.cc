#include "rpc/links.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"

namespace unmask::rpc {

Links::Links(Env env, Link::Options options, LinkEvents events)
    : env_(env),
      options_(options),
      events_(std::move(events)),
      num_protocol_errors_(env.metrics.counter("unmask_protocol_errors_total",
                                               "Peers dropped because they broke the protocol.")) {}

Links::~Links() {
  for (auto& [id, peer] : peers_) {
    if (peer.timer != 0) env_.timers.cancel(peer.timer);
  }
}

TransportEvents Links::transport_events() {
  return {[this](PeerId id, const std::string& key) { open(id, key); },
          [this](PeerId id, Bytes frame) { receive(id, std::move(frame)); },
          [this](PeerId id, DownReason reason) { lose(id, reason); }};
}

void Links::open(PeerId id, const std::string& key) {
  UNMASK_CHECK(transport_ != nullptr && !peers_.contains(id));
  Link::Owner owner{
      [this, id](Bytes frame) { return transport_->send(id, std::move(frame)); },
      [this, id](const Hello& hello) {
        Peer& peer = peers_.at(id);
        peer.is_up = true;
        peer.info.boot_id = hello.boot_id;
        events_.on_up(id);
      },
      [this, id](actors::WireMessage message) {
        return events_.on_message(id, std::move(message));
      },
      [this, id](DownReason reason, const std::string& why) { forget(id, reason, why); }};
  Peer& peer = peers_[id];
  peer.info.key = key;
  peer.link = std::make_unique<Link>(options_, std::move(owner), env_.clock.now(), env_.rng.next());
  arm(id);
}

void Links::receive(PeerId id, Bytes frame) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  found->second.link->receive(std::move(frame), env_.clock.now());
  arm(id);
}

bool Links::send(const actors::Outgoing& outgoing) {
  const auto found = peers_.find(outgoing.to);
  if (found == peers_.end() || !found->second.is_up) return false;
  const bool is_queued = found->second.link->send(outgoing.message, env_.clock.now());
  arm(outgoing.to);
  return is_queued;
}

void Links::disconnect(const actors::Disconnect& disconnect) {
  const auto found = peers_.find(disconnect.peer);
  if (found == peers_.end()) return;
  found->second.link->close(disconnect.reason, "the other end closed the connection",
                            env_.clock.now());
  arm(disconnect.peer);
}

std::vector<PeerId> Links::peers() const {
  std::vector<PeerId> peers;
  for (const auto& [id, peer] : peers_) peers.push_back(id);
  return peers;
}

PeerInfo Links::info(PeerId peer) const {
  const auto found = peers_.find(peer);
  return found != peers_.end() && found->second.is_up ? found->second.info : PeerInfo{};
}

bool Links::is_quiet() const {
  return std::ranges::all_of(
      peers_, [](const auto& peer) { return !peer.second.is_up || peer.second.link->is_quiet(); });
}

void Links::lose(PeerId id, DownReason reason) { forget(id, reason, "the connection is gone"); }

void Links::forget(PeerId id, DownReason reason, const std::string& why) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  // The link may be the caller: it lives until the end of this turn.
  const std::shared_ptr<Link> link = std::move(found->second.link);
  const bool was_up = found->second.is_up;
  if (found->second.timer != 0) env_.timers.cancel(found->second.timer);
  peers_.erase(found);
  env_.timers.after(Duration(0), [link] {});
  transport_->disconnect(id, reason);
  if (reason == DownReason::kProtocol) {
    num_protocol_errors_.add();
    env_.log.warning("a peer was dropped", {{"why", why}});
  }
  if (was_up || reason == DownReason::kProtocol) events_.on_down(id, reason, why);
}

void Links::arm(PeerId id) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  const std::optional<Time> next = peer.link->next_tick();
  if (!next || (peer.timer != 0 && peer.timer_at <= *next)) return;
  if (peer.timer != 0) env_.timers.cancel(peer.timer);
  peer.timer_at = *next;
  peer.timer =
      env_.timers.after(std::max(*next - env_.clock.now(), Duration(0)), [this, id] { tick(id); });
}

void Links::tick(PeerId id) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  found->second.timer = 0;
  found->second.link->tick(env_.clock.now());
  arm(id);
}

}  // namespace unmask::rpc
