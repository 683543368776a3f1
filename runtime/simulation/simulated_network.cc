#include "runtime/simulation/simulated_network.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"

namespace unmask {

/// What reaches one end of a connection, in order.
struct SimulatedNetwork::Delivery {
  enum class Kind : std::uint8_t { kUp, kFrame, kDown };

  Kind kind = Kind::kFrame;
  Bytes frame;
  DownReason reason = DownReason::kClosed;
};

struct SimulatedNetwork::Connection {
  struct End {
    Address address = 0;
    std::uint64_t life = 0;
    bool is_up = false;    // it was told that the peer is up, and not yet that it is down
    bool is_done = false;  // nothing reaches it any more
    Time last_arrival{};   // keeps the order of what is on its way to it
    std::size_t num_queued = 0;
    std::deque<Delivery> held{};  // by a partition
  };

  [[nodiscard]] PeerId peer(int side) const { return id * 2 + std::uint64_t(side); }

  std::uint64_t id = 0;
  std::array<End, 2> ends;  // 0 dialed
  bool is_broken = false;   // frames in flight and those sent are lost
};

class SimulatedNetwork::Process final : public Transport {
 public:
  Process(SimulatedNetwork& network, std::uint64_t life, TransportEvents events)
      : network_(network), life_(life), events_(std::move(events)) {}

  /// The number that a peer has here names the connection and the side that is this process.
  [[nodiscard]] bool send(PeerId to, Bytes frame) override {
    const auto it = network_.connections_.find(to / 2);
    const int side = int(to % 2);
    if (it == network_.connections_.end() || !it->second->ends[side].is_up ||
        it->second->ends[side].life != life_ ||
        it->second->ends[1 - side].num_queued >= network_.options_.max_queued) {
      ++network_.figures_.frames_refused;
      return false;
    }
    ++network_.figures_.frames_sent;
    Delivery delivery{Delivery::Kind::kFrame, std::move(frame)};
    network_.enqueue(*it->second, 1 - side, std::move(delivery));
    return true;
  }

  void disconnect(PeerId peer, DownReason reason) override {
    network_.events_.after(Duration::zero(), [&network = network_, life = life_, peer, reason] {
      const auto it = network.connections_.find(peer / 2);
      const int side = int(peer % 2);
      if (it == network.connections_.end() || it->second->ends[side].life != life) return;
      const auto connection = it->second.get();
      if (!connection->ends[1 - side].is_done) {
        network.enqueue(*connection, 1 - side, {Delivery::Kind::kDown, {}, reason});
      }
      network.end_side(*connection, side, reason);
    });
  }

  [[nodiscard]] std::uint64_t life() const { return life_; }
  [[nodiscard]] const TransportEvents& events() const { return events_; }
  std::set<Address> dialed;

 private:
  SimulatedNetwork& network_;
  const std::uint64_t life_;
  const TransportEvents events_;
};

SimulatedNetwork::SimulatedNetwork(EventQueue& events, Trace& trace, Rng rng,
                                   NetworkOptions options)
    : events_(events), trace_(trace), rng_(rng), options_(options) {}
SimulatedNetwork::~SimulatedNetwork() = default;

Transport& SimulatedNetwork::attach(Address address, TransportEvents events) {
  UNMASK_CHECK(!processes_.contains(address));
  auto& process = processes_[address];
  process = std::make_unique<Process>(*this, ++last_life_, std::move(events));
  return *process;
}

void SimulatedNetwork::dial(Address from, Address to) {
  UNMASK_CHECK(from != to);
  Process& process = *processes_.at(from);
  if (process.dialed.insert(to).second) connect(from, process.life(), to);
}

void SimulatedNetwork::connect(Address from, std::uint64_t life, Address to) {
  events_.after(options_.min_delay + random(options_.delay), [this, from, life, to] {
    if (!process(from, life)) return;
    const auto listener = processes_.find(to);
    if (listener == processes_.end() || are_split(from, to)) {
      return redial(from, life, to);
    }
    const std::uint64_t id = ++last_connection_;
    auto& connection = connections_[id] = std::make_unique<Connection>();
    connection->id = id;
    connection->ends[0] = {.address = from, .life = life};
    connection->ends[1] = {.address = to, .life = listener->second->life()};
    ++figures_.connections;
    enqueue(*connection, 1, {Delivery::Kind::kUp, {}, {}});
    enqueue(*connection, 0, {Delivery::Kind::kUp, {}, {}});
  });
}

void SimulatedNetwork::redial(Address from, std::uint64_t life, Address to) {
  events_.after(random(options_.redial), [this, from, life, to] {
    if (process(from, life)) connect(from, life, to);
  });
}

void SimulatedNetwork::enqueue(Connection& connection, int side, Delivery delivery) {
  const bool is_frame = delivery.kind == Delivery::Kind::kFrame;
  if (is_frame && (connection.is_broken || connection.ends[side].is_done)) {
    ++figures_.frames_cut_off;
  } else if (is_frame && rng_.chance(options_.loss)) {
    ++figures_.frames_lost;
  } else {
    ++connection.ends[side].num_queued;
    schedule(connection, side, std::move(delivery));
  }
}

void SimulatedNetwork::schedule(Connection& connection, int side, Delivery delivery) {
  // Events of equal time run in any order; one connection's must not.
  Connection::End& end = connection.ends[side];
  const Time now = events_.now();
  end.last_arrival =
      std::max(now + options_.min_delay + random(options_.delay), end.last_arrival + Duration(1));
  events_.after(end.last_arrival - now,
                [this, id = connection.id, side, arrived = std::move(delivery)]() mutable {
                  deliver(id, side, std::move(arrived));
                });
}

void SimulatedNetwork::deliver(std::uint64_t id, int side, Delivery delivery) {
  const auto it = connections_.find(id);
  if (it == connections_.end()) {
    figures_.frames_cut_off += delivery.kind == Delivery::Kind::kFrame;
    return;
  }
  Connection& connection = *it->second;
  Connection::End& end = connection.ends[side];
  if (!connection.is_broken && (is_split(connection) || !end.held.empty())) {
    end.held.push_back(std::move(delivery));
  } else {
    hand_over(connection, side, std::move(delivery));
  }
}

void SimulatedNetwork::hand_over(Connection& connection, int side, Delivery delivery) {
  Connection::End& end = connection.ends[side];
  --end.num_queued;
  const bool is_frame = delivery.kind == Delivery::Kind::kFrame;
  if (end.is_done || (connection.is_broken && delivery.kind != Delivery::Kind::kDown)) {
    figures_.frames_cut_off += is_frame;
    return;
  }
  if (delivery.kind == Delivery::Kind::kDown) return end_side(connection, side, delivery.reason);

  const Process* receiver = process(end.address, end.life);
  UNMASK_CHECK(receiver);  // kill() ends the sides of a process
  trace_.add(connection.peer(side));
  if (is_frame) {
    ++figures_.frames_delivered;
    trace_.add(delivery.frame);
    receiver->events().on_frame(connection.peer(side), std::move(delivery.frame));
  } else {
    end.is_up = true;
    receiver->events().on_up(connection.peer(side), "");
  }
}

void SimulatedNetwork::end_side(Connection& connection, int side, DownReason reason) {
  Connection::End& end = connection.ends[side];
  if (end.is_done) return;
  end.is_done = true;
  const bool was_up = std::exchange(end.is_up, false);
  const Process* owner = process(end.address, end.life);
  const PeerId peer = connection.peer(side);
  if (owner && side == 0) redial(end.address, end.life, connection.ends[1].address);
  if (connection.ends[1 - side].is_done) {
    for (const auto& other : connection.ends) cut_off(other.held);
    connections_.erase(connection.id);
  }
  if (owner && was_up) {
    trace_.add(peer);
    owner->events().on_down(peer, reason);
  }
}

void SimulatedNetwork::kill(Address address) {
  const auto killed = processes_.extract(address);
  if (killed.empty()) return;
  std::vector<std::pair<Connection*, int>> ends;
  for (const auto& [id, connection] : connections_) {
    for (const int side : {0, 1}) {
      if (connection->ends[side].life == killed.mapped()->life()) {
        ends.emplace_back(connection.get(), side);
      }
    }
  }
  for (const auto& [connection, side] : ends) {
    if (!connection->ends[1 - side].is_done) {
      enqueue(*connection, 1 - side, {Delivery::Kind::kDown, {}, DownReason::kNoConnection});
    }
    end_side(*connection, side, DownReason::kNoConnection);
  }
}

void SimulatedNetwork::cut(Address a, Address b) {
  for (const auto& [id, connection] : connections_) {
    const auto& [dialer, listener] = connection->ends;
    if ((dialer.address == a && listener.address == b) ||
        (dialer.address == b && listener.address == a)) {
      break_connection(*connection, DownReason::kNoConnection);
    }
  }
}

void SimulatedNetwork::break_connection(Connection& connection, DownReason reason) {
  if (std::exchange(connection.is_broken, true)) return;
  ++figures_.cuts;
  for (const int side : {0, 1}) {
    Connection::End& end = connection.ends[side];
    cut_off(end.held);
    end.num_queued -= end.held.size();
    end.held.clear();
    events_.after(random(options_.notice), [this, id = connection.id, side, reason] {
      const auto it = connections_.find(id);
      if (it != connections_.end()) end_side(*it->second, side, reason);
    });
  }
}

void SimulatedNetwork::cut_off(const std::deque<Delivery>& held) {
  figures_.frames_cut_off +=
      std::uint64_t(std::ranges::count(held, Delivery::Kind::kFrame, &Delivery::kind));
}

void SimulatedNetwork::partition(std::set<Address> side) {
  heal();
  far_side_ = std::move(side);
  ++partition_;
  if (!options_.silence) return;
  for (const auto& [id, connection] : connections_) {
    if (!is_split(*connection)) continue;
    events_.after(random(*options_.silence),
                  [this, broken = id, split = partition_] { break_if_still_split(broken, split); });
  }
}

void SimulatedNetwork::break_if_still_split(std::uint64_t id, std::uint64_t partition) {
  const auto it = connections_.find(id);
  if (it != connections_.end() && partition_ == partition) {
    break_connection(*it->second, DownReason::kNoConnection);
  }
}

void SimulatedNetwork::heal() {
  if (partition_ % 2 == 0) return;
  ++partition_;
  far_side_.clear();
  for (const auto& [id, connection] : connections_) {
    for (const int side : {0, 1}) {
      for (Delivery& delivery : std::exchange(connection->ends[side].held, {})) {
        schedule(*connection, side, std::move(delivery));
      }
    }
  }
}

bool SimulatedNetwork::is_split(const Connection& connection) const {
  return are_split(connection.ends[0].address, connection.ends[1].address);
}

SimulatedNetwork::Process* SimulatedNetwork::process(Address address, std::uint64_t life) const {
  const auto it = processes_.find(address);
  return it != processes_.end() && it->second->life() == life ? it->second.get() : nullptr;
}

}  // namespace unmask
