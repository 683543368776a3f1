#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "actors/messages.h"
#include "rpc/envelope.h"
#include "rpc/hello.h"
#include "runtime/actor/clock.h"
#include "runtime/base/bytes.h"
#include "runtime/base/rng.h"

namespace unmask::rpc {

/// One connection as a state machine: messages in order and exactly once over frames that may be
/// lost, never more in flight than the other end has room for.
///
/// Invariant  after `down` was called nothing else is called, and send() is false; `up` comes first
/// and once. Time is what the caller says; one owner, who calls tick() when next_tick() is due.
class Link {
 public:
  struct Options {
    Hello hello;
    std::uint32_t node = 0;
    std::size_t window = 256;                 ///< frames in flight or not taken yet
    std::size_t max_queued = 4096;            ///< messages waiting for credit
    std::size_t max_queued_bytes = 64 << 20;  ///< of frames waiting or in flight
    std::size_t max_held_bytes = 16 << 20;    ///< that came early, or whose receiver is full; each
    std::chrono::milliseconds ack_delay{10};  ///< an acknowledgement may wait so long for company
    std::chrono::milliseconds resend{200};    ///< first; doubles up to max_resend
    std::chrono::milliseconds max_resend{2000};
    /// Nothing acknowledged, no greeting, or the next message missing for so long.
    std::chrono::milliseconds give_up{15'000};
    std::chrono::milliseconds retry{5};  ///< a message that the receiver had no room for
  };
  /// The world around a link.
  struct Owner {
    std::function<bool(Bytes frame)> transmit;  ///< false: the transport has no room
    std::function<void(const Hello&)> up;
    std::function<bool(actors::WireMessage)> deliver;  ///< false: the mailbox is full, try again
    std::function<void(DownReason, const std::string& why)> down;
  };

  Link(Options options, Owner owner, Time now, std::uint64_t jitter_seed);

  /// False if the link is down or too much waits already. Lossy types are dropped instead when the
  /// other end is slow.
  [[nodiscard]] bool send(const actors::WireMessage& message, Time now);
  void receive(Bytes frame, Time now);
  void tick(Time now);

  /// When tick() is wanted; nothing while there is nothing to wait for.
  [[nodiscard]] std::optional<Time> next_tick() const;
  [[nodiscard]] bool is_down() const { return is_down_; }
  /// Of what came and was not taken yet.
  [[nodiscard]] std::size_t held_bytes() const { return early_bytes_ + undelivered_bytes_; }
  /// Everything sent was acknowledged.
  [[nodiscard]] bool is_quiet() const { return waiting_.empty() && in_flight_.empty(); }
  /// Tells the other end and calls `down`.
  void close(DownReason reason, const std::string& why, Time now);

 private:
  struct Sent {
    std::uint64_t seq = 0;
    std::uint16_t type = 0;
    Bytes body;
    Time sent_at{};  ///< last
  };

  void queue(std::uint16_t type, Bytes body);
  void pump(Time now);
  void resend_oldest(Time now);
  void transmit(std::uint16_t type, std::uint64_t seq, ByteView body);
  [[nodiscard]] bool has_room_for(std::uint64_t seq, std::size_t bytes) const;
  void hold(std::uint64_t seq, std::uint16_t type, ByteView body, Time now);
  void take_ack(const Envelope64& envelope, Time now);
  void take_in_order(std::uint16_t type, Bytes body, Time now);
  void take_hello(ByteView body, Time now);
  void drain(Time now);
  [[nodiscard]] std::optional<std::string> overdue(Time now) const;
  void fail(DownReason reason, const std::string& why);
  [[nodiscard]] std::uint16_t credit() const;

  const Options options_;
  Owner owner_;
  Rng jitter_;
  bool is_up_ = false;
  bool is_down_ = false;

  std::uint64_t next_seq_ = 1;
  std::deque<Sent> waiting_;    // for credit
  std::deque<Sent> in_flight_;  // by seq
  std::size_t queued_bytes_ = 0;
  std::size_t peer_credit_;
  std::chrono::milliseconds resend_delay_;
  std::optional<Time> resend_at_;
  Time last_progress_;  ///< something was acknowledged, or nothing had to be

  struct Undelivered {
    actors::WireMessage message;
    std::size_t bytes = 0;
  };

  const Time opened_at_;
  std::uint64_t received_ = 0;                                      // all up to here
  std::map<std::uint64_t, std::pair<std::uint16_t, Bytes>> early_;  // after a gap
  std::size_t early_bytes_ = 0;
  std::optional<Time> gap_since_;  // early_ waits for the one before them
  std::deque<Undelivered> undelivered_;
  std::size_t undelivered_bytes_ = 0;
  std::optional<Time> ack_at_;
  std::optional<Time> retry_at_;
};

}  // namespace unmask::rpc
