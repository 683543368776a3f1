#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "runtime/actor/transport.h"
#include "runtime/base/rng.h"
#include "runtime/simulation/event_queue.h"
#include "runtime/simulation/trace.h"

namespace unmask {

/// A process's address on the simulated network; its lives share it.
using Address = int;

/// How a seed's network behaves. Durations are means of an exponential distribution unless said
/// otherwise.
struct NetworkOptions {
  Duration min_delay = std::chrono::microseconds(20);  ///< added to every delay
  Duration delay = std::chrono::microseconds(200);
  double loss = 0;  ///< share of frames that vanish although the connection holds
  Duration notice = std::chrono::milliseconds(5);    ///< until an end knows of a cut
  Duration redial = std::chrono::milliseconds(100);  ///< from a loss to the next attempt
  /// Until a connection across a partition breaks. None: it never does, which no mean can say.
  std::optional<Duration> silence = std::chrono::seconds(30);
  std::size_t max_queued = 1000;  ///< frames of one direction in flight
};

/// What happened on the network; everything sent is delivered, lost or cut off in the end.
struct NetworkFigures {
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_delivered = 0;
  std::uint64_t frames_lost = 0;     ///< by NetworkOptions::loss
  std::uint64_t frames_cut_off = 0;  ///< in flight when their connection broke
  std::uint64_t frames_refused = 0;  ///< send() was false
  std::uint64_t connections = 0;
  std::uint64_t cuts = 0;
};

/// Processes and the connections between them, in virtual time, from a seed.
///
/// A connection delivers in order, different connections in any order. A cut loses what is in
/// flight; the end that dialed tries again. Across a partition nothing moves: what is in flight
/// waits until it heals or the connection breaks.
/// Invariant  the events of a process never run inside a call of its own: only between two events
///            of the simulation
class SimulatedNetwork {
 public:
  SimulatedNetwork(EventQueue& events, Trace& trace, Rng rng, NetworkOptions options);
  ~SimulatedNetwork();

  /// A new life of the process at `address`, which others can reach from now on. Valid until
  /// kill(address).
  Transport& attach(Address address, TransportEvents events);

  /// `from` connects to `to`, and again whenever the connection is lost, as long as it lives.
  void dial(Address from, Address to);

  /// The process is gone: what it sent before still arrives, then its peers hear kNoConnection.
  void kill(Address address);

  /// Breaks every connection between the two.
  void cut(Address a, Address b);

  /// Nothing passes between `side` and the others until heal(); replaces an earlier partition.
  void partition(std::set<Address> side);
  void heal();
  /// Whether the partition, if there is one, lies between the two.
  [[nodiscard]] bool are_split(Address a, Address b) const {
    return partition_ % 2 == 1 && far_side_.contains(a) != far_side_.contains(b);
  }

  /// Changes what is true from now on.
  void set_options(const NetworkOptions& options) { options_ = options; }

  [[nodiscard]] const NetworkFigures& figures() const { return figures_; }

 private:
  class Process;
  struct Connection;
  struct Delivery;

  void connect(Address from, std::uint64_t life, Address to);
  void redial(Address from, std::uint64_t life, Address to);
  void enqueue(Connection& connection, int side, Delivery delivery);
  void schedule(Connection& connection, int side, Delivery delivery);
  void deliver(std::uint64_t connection, int side, Delivery delivery);
  void hand_over(Connection& connection, int side, Delivery delivery);
  void end_side(Connection& connection, int side, DownReason reason);
  void break_connection(Connection& connection, DownReason reason);
  void cut_off(const std::deque<Delivery>& held);
  void break_if_still_split(std::uint64_t connection, std::uint64_t partition);
  [[nodiscard]] bool is_split(const Connection& connection) const;
  [[nodiscard]] Process* process(Address address, std::uint64_t life) const;
  [[nodiscard]] Duration random(Duration mean) {
    return Duration(Duration::rep(double(mean.count()) * rng_.exponential()));
  }

  EventQueue& events_;
  Trace& trace_;
  Rng rng_;
  NetworkOptions options_;
  NetworkFigures figures_;
  std::map<Address, std::unique_ptr<Process>> processes_;  // those that live
  std::map<std::uint64_t, std::unique_ptr<Connection>>
      connections_;              // with an end that is not done
  std::set<Address> far_side_;   // of the partition
  std::uint64_t partition_ = 0;  // counts them; odd: there is one
  std::uint64_t last_connection_ = 0;
  std::uint64_t last_life_ = 0;
};

}  // namespace unmask
