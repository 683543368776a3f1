#include "runtime/cli/process/wire.h"

#include <utility>

#include "runtime/base/random.h"

namespace unmask::cli {
namespace {

constexpr std::chrono::milliseconds kTellAgain{5};  // a mailbox that was full
constexpr std::chrono::milliseconds kLookAgain{5};  // whether everything has arrived
constexpr std::chrono::seconds kQuietTimeout{2};
constexpr std::chrono::seconds kAloneInterval{5};  // between two lines about who does not answer

rpc::Link::Options link_options(const ProcessHost& host) {
  rpc::Link::Options options;
  options.hello.boot_id = random_bits();
  options.hello.incarnation = host.incarnation();
  return options;
}

}  // namespace

Wire::Wire(ProcessHost& host)
    : host_(host),
      links_(host.env(), link_options(host),
             {[this](PeerId peer) { notify(peer_up_, peer); },
              [this](PeerId from, actors::WireMessage message) {
                return take(from, std::move(message));
              },
              [this](PeerId peer, DownReason /*reason*/, const std::string& why) {
                last_loss_ = why;
                notify(peer_down_, peer);
              }}) {}

Wire::~Wire() = default;

ActorRef<actors::Outgoing> Wire::outgoing() {
  return ActorRef<actors::Outgoing>(
      [this](const actors::Outgoing& outgoing) { return links_.send(outgoing); });
}

ActorRef<actors::Disconnect> Wire::disconnect() {
  return ActorRef<actors::Disconnect>([this](const actors::Disconnect& disconnect) {
    links_.disconnect(disconnect);
    return true;
  });
}

void Wire::disconnect_all() {
  host_.loop().post([this] {
    for (const PeerId peer : links_.peers()) links_.disconnect({peer, DownReason::kNoConnection});
  });
}

Result<> Wire::listen(const rpc::ZmqOptions& options, const HostPort& address) {
  Result<std::unique_ptr<rpc::ZmqListener>> listener =
      rpc::ZmqListener::listen(host_.loop(), options, address, links_.transport_events());
  if (!listener) return listener.error();
  address_ = (*listener)->address();
  transport_ = std::move(*listener);
  links_.bind(*transport_);
  return {};
}

Result<> Wire::dial(rpc::ZmqOptions options, const HostPort& address) {
  options.on_failure = [this](const std::string& why) { last_loss_ = why; };
  Result<std::unique_ptr<rpc::ZmqDialer>> dialer =
      rpc::ZmqDialer::dial(host_.loop(), options, address, links_.transport_events());
  if (!dialer) return dialer.error();
  address_ = address;
  transport_ = std::move(*dialer);
  links_.bind(*transport_);
  return {};
}

actors::Requester Wire::requester(PeerId peer, const std::set<std::string>& operators) const {
  const rpc::PeerInfo info = links_.info(peer);
  return {info.key, info.boot_id, operators.contains(info.key)};
}

void Wire::when_quiet(std::function<void()> done) {
  wait_until_quiet(host_.env().clock.now() + kQuietTimeout, std::move(done));
}

void Wire::wait_until_quiet(Time latest, std::function<void()> done) {
  if (links_.is_quiet() || host_.env().clock.now() >= latest) return done();
  host_.env().timers.after(kLookAgain, [this, latest, done = std::move(done)]() mutable {
    wait_until_quiet(latest, std::move(done));
  });
}

void Wire::warn_while_alone(const std::string& who) {
  host_.every(kAloneInterval, [this, who] {
    if (links_.num_peers() > 0) return;
    Log::Fields fields{{"who", who}, {"address", address_.to_string()}, {"why", last_loss_}};
    host_.log().warning("nobody answers yet", fields);
  });
}

bool Wire::take(PeerId from, actors::WireMessage message) {
  switch (dispatch_.deliver(from, std::move(message))) {
    case actors::Dispatch::Outcome::kTaken:
      return true;
    case actors::Dispatch::Outcome::kFull:
      return false;
    case actors::Dispatch::Outcome::kUnexpected:
      break;
  }
  // Posted: the link that delivers must not end within its own call.
  host_.loop().post([this, from] { links_.disconnect({from, DownReason::kProtocol}); });
  return true;
}

void Wire::notify(const std::function<bool(PeerId)>& receiver, PeerId peer) {
  if (!receiver || receiver(peer)) return;
  host_.env().timers.after(kTellAgain, [this, &receiver, peer] { notify(receiver, peer); });
}

}  // namespace unmask::cli
