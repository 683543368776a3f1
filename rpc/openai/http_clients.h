#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/messages.h"
#include "runtime/actor/timers.h"

namespace unmask::rpc {

/// Requests over HTTP as clients of a gateway: each has a PeerId, as a connection of ZeroMQ has,
/// and speaks the same messages. Control thread only.
class HttpClients {
 public:
  /// How messages get to the gateway's mailbox; false: it is full.
  struct Gateway {
    std::function<bool(PeerId from, actors::WireMessage)> deliver;
    std::function<bool(PeerId client)> client_down;
  };
  using OnMessage = std::function<void(actors::WireMessage)>;

  /// timers outlive it.
  HttpClients(Timers& timers, Gateway gateway) : timers_(timers), gateway_(std::move(gateway)) {}
  ~HttpClients() { timers_.cancel(timer_); }
  HttpClients(const HttpClients&) = delete;
  HttpClients& operator=(const HttpClients&) = delete;

  /// Whether a peer is one of these, and none of a transport.
  [[nodiscard]] static bool is_one(PeerId peer) { return (peer & kMark) != 0; }

  /// key: which of the server's API keys it showed, counted from 1; 0: there are none.
  /// address: where it comes from; those of one share their turns.
  [[nodiscard]] PeerId open(std::size_t key, const std::string& address, OnMessage on_message);
  /// The client hears nothing any more; what it sent counts.
  void close(PeerId client);

  /// False: the gateway has no room.
  [[nodiscard]] bool send(PeerId client, actors::WireMessage message);
  /// Sent even if it takes a while.
  void send_surely(PeerId client, actors::WireMessage message);

  /// From the gateway.
  void take(actors::Outgoing outgoing);
  /// Who asks, for the gateway; also of a client that was closed.
  [[nodiscard]] actors::Requester requester(PeerId client) const;

 private:
  struct Client {
    std::uint64_t process = 0;
    std::shared_ptr<OnMessage> on_message;
  };
  static constexpr int kMarkBit = 63, kKeyBit = 44;
  static constexpr PeerId kMark = PeerId(1) << kMarkBit;

  void retry(std::function<bool()> action);
  void flush();

  Timers& timers_;
  const Gateway gateway_;
  std::map<PeerId, Client> clients_;
  std::deque<std::function<bool()>> waiting_;  ///< for room in the gateway's mailbox
  TimerId timer_ = 0;
  PeerId last_ = 0;
};

}  // namespace unmask::rpc
