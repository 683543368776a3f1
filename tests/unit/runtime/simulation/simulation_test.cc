#include "runtime/simulation/simulation.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <vector>

#include "runtime/actor/actor.h"

namespace unmask {
namespace {

using namespace std::chrono_literals;

struct Connected {
  PeerId peer = 0;
};
struct Disconnected {
  PeerId peer = 0;
};
struct Arrived {
  PeerId from = 0;
  Bytes frame;
};
struct Fail {};

/// Answers every number with the next one; the dialing side starts, and again after a reconnect or
/// a second of silence.
class Counting final
    : public Actor<Counting, Connected, Disconnected, Arrived, struct Silence, Fail> {
 public:
  Counting(ActorContext& context, Transport*& transport, bool starts, int& highest);

  void on(Connected up);
  void on(Disconnected down);
  void on(Arrived arrived);
  void on(Silence silence);
  void on(Fail) { throw std::runtime_error("asked to"); }

 private:
  void send(PeerId to, int number);

  Transport*& transport_;
  const bool starts_;
  int& highest_;
  std::optional<PeerId> peer_;
  TimerId silence_ = 0;
};

struct Silence {};

Counting::Counting(ActorContext& context, Transport*& transport, bool starts, int& highest)
    : Actor(context), transport_(transport), starts_(starts), highest_(highest) {}

void Counting::on(Connected up) {
  peer_ = up.peer;
  on(Silence{});
}
void Counting::on(Disconnected down) {
  if (peer_ == down.peer) peer_.reset();
}
void Counting::on(Arrived arrived) {
  const int number =
      std::to_integer<int>(arrived.frame.at(0)) + 256 * std::to_integer<int>(arrived.frame.at(1));
  highest_ = std::max(highest_, number);
  cancel(silence_);
  silence_ = after(1s, Silence{});
  send(arrived.from, number + 1);
}
void Counting::on(Silence) {
  cancel(silence_);
  silence_ = after(1s, Silence{});
  if (starts_ && peer_) send(*peer_, highest_ + 1);
}
void Counting::send(PeerId to, int number) {
  (void)transport_->send(to, Bytes{std::byte(number % 256), std::byte(number / 256 % 256)});
}

/// Process 0 is dialed by the others, and each pair counts together.
struct Cluster {
  Cluster(std::uint64_t seed, int num_processes, NetworkOptions network = {})
      : simulation(seed, network), transports(num_processes), highest(num_processes) {
    for (int i = 0; i < num_processes; ++i) start(i);
  }

  void start(Address address) {
    SimulatedProcess& process = simulation.start(address);
    const auto counting = process.system().spawn<Counting>(
        "counting", std::ref(transports[address]), address != 0, std::ref(highest[address]));
    actors.insert_or_assign(address, counting);
    transports[address] = &simulation.network().attach(
        address, {.on_up = [ref = counting.lasting_ref<Connected>()](
                               PeerId peer, const std::string&) { (void)ref.send({peer}); },
                  .on_frame =
                      [ref = counting.lasting_ref<Arrived>()](PeerId from, Bytes frame) {
                        (void)ref.send({from, std::move(frame)});
                      },
                  .on_down = [ref = counting.lasting_ref<Disconnected>()](
                                 PeerId peer, DownReason) { (void)ref.send({peer}); }});
    if (address != 0) simulation.network().dial(address, 0);
  }

  Simulation simulation;
  std::vector<Transport*> transports;
  std::vector<int> highest;
  std::map<Address, ActorHandle<Counting>> actors;
};

/// Half a minute with losses, cuts, a partition, a kill.
std::uint64_t trace_of_a_bad_day(std::uint64_t seed) {
  Cluster cluster(seed, 4, {.delay = 5ms, .loss = 0.05});
  Simulation& simulation = cluster.simulation;
  for (int second = 0; second < 30; ++second) {
    simulation.run_for(1s);
    const Address victim = 1 + Address(simulation.rng().below(3));
    if (simulation.rng().chance(0.2)) simulation.network().cut(0, victim);
    if (second == 10) simulation.network().partition({1, 2});
    if (second == 15) simulation.network().heal();
    if (second == 20) simulation.kill(victim), cluster.start(victim);
  }
  EXPECT_GT(simulation.num_events(), 1000u);
  return simulation.trace();
}

TEST(SimulationTest, SameSeedIsTheSameRunAndAnotherSeedIsNot) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    EXPECT_EQ(trace_of_a_bad_day(seed), trace_of_a_bad_day(seed)) << "seed " << seed;
  }
  EXPECT_NE(trace_of_a_bad_day(1), trace_of_a_bad_day(2));
}

TEST(SimulationTest, ActorsOnDifferentProcessesTalkAcrossTheNetwork) {
  Cluster cluster(1, 3);
  EXPECT_TRUE(cluster.simulation.run_until(
      [&] { return cluster.highest[1] > 100 && cluster.highest[2] > 100; }, 10s));
}

TEST(SimulationTest, NothingOfAKilledProcessRunsAnyMore) {
  Cluster cluster(1, 2);
  ASSERT_TRUE(cluster.simulation.run_until([&] { return cluster.highest[1] > 10; }, 10s));
  cluster.simulation.kill(1);
  const int highest = cluster.highest[1];
  cluster.simulation.run_for(10s);
  EXPECT_EQ(cluster.highest[1], highest);
  EXPECT_FALSE(cluster.actors.at(1).ref<Fail>().send({}));  // its refs are safe to use
  cluster.start(1);
  EXPECT_TRUE(cluster.simulation.run_until([&] { return cluster.highest[1] > highest; }, 10s));
}

TEST(SimulationTest, ActorThatFailsTooOftenEndsItsProcess) {
  Cluster cluster(1, 2);
  std::vector<Address> ended;
  cluster.simulation.set_on_exit([&](Address address, const std::string& why) {
    EXPECT_NE(why.find("asked to"), std::string::npos) << why;
    ended.push_back(address);
  });
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(cluster.simulation.is_running(1));
    ASSERT_TRUE(cluster.actors.at(1).lasting_ref<Fail>().send({}));
    cluster.simulation.run_for(2s);
  }
  EXPECT_EQ(ended, std::vector<Address>{1});
  EXPECT_FALSE(cluster.simulation.is_running(1));
}

TEST(SimulationTest, RunUntilGivesUpAfterItsLimit) {
  Simulation simulation(1);
  EXPECT_FALSE(simulation.run_until([] { return false; }, 5s));
  EXPECT_EQ(simulation.clock().now(), Time(5s));
}

}  // namespace
}  // namespace unmask
