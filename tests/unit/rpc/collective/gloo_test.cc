#include "rpc/collective/gloo.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <numeric>
#include <thread>

#include "runtime/os/host_port.h"

namespace unmask::rpc {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

/// One rank's end, on its own thread.
using Rank = std::function<void(Collective&)>;

/// A group of threads, each with its factory, as the processes of a cluster have.
class GlooTest : public testing::Test {
 protected:
  void prepare(int size, Epoch epoch = 1, std::chrono::milliseconds timeout = 20s) {
    factories.clear();
    addresses.clear();
    for (int rank = 0; rank < size; ++rank) {
      factories.push_back(make_gloo_collectives({.timeout = timeout}));
      const Result<Bytes> address = factories.back()->prepare(epoch, rank, size);
      ASSERT_TRUE(address) << address.error().message;
      addresses.push_back(*address);
    }
  }
  /// Threads end before this returns.
  void on_all(const std::function<void(int)>& run) {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < int(factories.size()); ++rank) {
      threads.emplace_back([&run, rank] { run(rank); });
    }
  }
  void connect() {
    group.clear();
    group.resize(factories.size());
    on_all([this](int rank) {
      auto made = factories[std::size_t(rank)]->connect(addresses, 20s);
      ASSERT_TRUE(made) << made.error().message;
      group[std::size_t(rank)] = std::move(*made);
    });
  }
  void run(const Rank& rank_main) {
    on_all([&](int rank) { rank_main(*group[std::size_t(rank)]); });
  }
  void start(int size, std::chrono::milliseconds timeout = 20s) {
    prepare(size, 1, timeout);
    connect();
    for (const auto& collective : group) ASSERT_NE(collective, nullptr);
  }

  std::vector<std::unique_ptr<CollectiveFactory>> factories;
  std::vector<Bytes> addresses;
  std::vector<std::unique_ptr<Collective>> group;
};

std::vector<std::uint8_t> pattern(int rank, std::size_t bytes) {
  std::vector<std::uint8_t> data(bytes);
  std::iota(data.begin(), data.end(), std::uint8_t(rank * 31 + 1));
  return data;
}

TEST_F(GlooTest, GathersInTheOrderOfRanksWhateverTheSize) {
  for (const int size : {1, 2, 3, 4}) {
    start(size);
    run([size](Collective& collective) {
      for (const std::size_t bytes : {0u, 1u, 7u, 4096u, 65536u, 65537u, 1u << 20}) {
        const std::vector<std::uint8_t> mine = pattern(collective.rank(), bytes);
        std::vector<std::uint8_t> all(bytes * std::size_t(size));
        const Result<> gathered = collective.all_gather(mine.data(), all.data(), bytes, {});
        ASSERT_TRUE(gathered) << gathered.error().message;
        std::vector<std::uint8_t> expected;
        for (int rank = 0; rank < size; ++rank) {
          const auto part = pattern(rank, bytes);
          expected.insert(expected.end(), part.begin(), part.end());
        }
        ASSERT_EQ(all, expected);
      }
    });
  }
}

TEST_F(GlooTest, SumsAreTheSameOnAllRanks) {
  for (const int size : {1, 2, 3, 4}) {
    start(size);
    run([size](Collective& collective) {
      for (const std::size_t count : {0u, 1u, 5u, 16384u, 16385u, 100'000u}) {
        std::vector<float> data(count);
        for (std::size_t i = 0; i < count; ++i) data[i] = float(i % 97) + float(collective.rank());
        ASSERT_TRUE(collective.all_reduce_sum(data.data(), count, {}));
        const int sum_of_ranks = size * (size - 1) / 2;
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(data[i], float(size * int(i % 97) + sum_of_ranks)) << i;
        }
      }
    });
  }
}

TEST_F(GlooTest, ManyOperationsInARowStayInStep) {
  start(3);
  run([](Collective& collective) {
    for (int turn = 0; turn < 500; ++turn) {
      const std::array<int, 2> mine = {collective.rank(), turn};
      std::array<int, 6> all{};
      ASSERT_TRUE(collective.all_gather(mine.data(), all.data(), sizeof mine, {}));
      for (int rank = 0; rank < 3; ++rank) {
        ASSERT_EQ(all[std::size_t(2 * rank)], rank);
        ASSERT_EQ(all[std::size_t(2 * rank) + 1], turn);
      }
    }
  });
}

/// The processes of a cluster: forked before any thread, and told each other's addresses by pipes.
TEST(GlooProcessTest, ProcessesGatherAndNoticeOneThatIsKilled) {
  constexpr int kSize = 3;
  constexpr Epoch kEpoch = 7;
  struct Process {
    pid_t id = 0;
    Descriptor in, out;  // its standard input, and what it says
  };
  const auto read_all = [](const Descriptor& from, void* to, std::size_t bytes) {
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t got = ::read(from.get(), static_cast<char*>(to) + done, bytes - done);
      if (got <= 0) return false;
      done += std::size_t(got);
    }
    return true;
  };
  // Says its address with its length, hears all of them, gathers, and says what came of it.
  const auto rank_main = [&](int rank, const Descriptor& in, const Descriptor& out) {
    const auto factory = make_gloo_collectives({});
    const Result<Bytes> address = factory->prepare(kEpoch, rank, kSize);
    if (!address) return 1;
    const std::uint64_t length = address->size();
    (void)!::write(out.get(), &length, sizeof length);
    (void)!::write(out.get(), address->data(), length);
    std::vector<Bytes> addresses(kSize);
    for (Bytes& other : addresses) {
      std::uint64_t bytes = 0;
      if (!read_all(in, &bytes, sizeof bytes)) return 2;
      other.resize(bytes);
      if (!read_all(in, other.data(), bytes)) return 2;
    }
    auto collective = factory->connect(addresses, 20s);
    if (!collective) return 3;
    std::array<int, kSize> all{};
    if (!(*collective)->all_gather(&rank, all.data(), sizeof rank, {})) return 4;
    (void)!::write(out.get(), all.data(), sizeof all);
    // The next one fails, because rank 2 is killed before it comes.
    if (rank == 2) ::pause();
    return (*collective)->all_gather(&rank, all.data(), sizeof rank, {}) ? 5 : 0;
  };

  std::array<Process, kSize> processes;
  for (int rank = 0; rank < kSize; ++rank) {
    std::array<int, 2> in{}, out{};
    ASSERT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    const pid_t id = ::fork();
    ASSERT_GE(id, 0);
    if (id == 0) ::_exit(rank_main(rank, Descriptor(in[0]), Descriptor(out[1])));
    ::close(in[0]);
    ::close(out[1]);
    processes[std::size_t(rank)] = {id, Descriptor(in[1]), Descriptor(out[0])};
  }
  Bytes all_addresses;
  for (const Process& process : processes) {
    std::uint64_t length = 0;
    ASSERT_TRUE(read_all(process.out, &length, sizeof length));
    const std::size_t begin = all_addresses.size();
    all_addresses.resize(begin + sizeof length + length);
    std::memcpy(all_addresses.data() + begin, &length, sizeof length);
    ASSERT_TRUE(read_all(process.out, all_addresses.data() + begin + sizeof length, length));
  }
  for (const Process& process : processes) {
    ASSERT_EQ(::write(process.in.get(), all_addresses.data(), all_addresses.size()),
              ssize_t(all_addresses.size()));
  }
  for (const Process& process : processes) {
    std::array<int, kSize> all{};
    ASSERT_TRUE(read_all(process.out, all.data(), sizeof all));
    EXPECT_EQ(all, (std::array<int, kSize>{0, 1, 2}));
  }
  ASSERT_EQ(::kill(processes[2].id, SIGKILL), 0);
  for (int rank = 0; rank < kSize; ++rank) {
    int status = 0;
    ASSERT_EQ(::waitpid(processes[std::size_t(rank)].id, &status, 0),
              processes[std::size_t(rank)].id);
    if (rank < 2) {
      EXPECT_TRUE(WIFEXITED(status));
      EXPECT_EQ(WEXITSTATUS(status), 0);
    }
  }
}

TEST_F(GlooTest, AbortWakesWhoWaitsAndFailsAllForGood) {
  start(3);
  const std::jthread aborts([&] { group[0]->abort(); });
  run([](Collective& collective) {
    if (collective.rank() == 2) return;  // never comes
    int mine = 0;
    std::array<int, 3> all{};
    for (int turn = 0; turn < 2; ++turn) {
      const Result<> result = collective.all_gather(&mine, all.data(), sizeof mine, {});
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
    }
  });
}

TEST_F(GlooTest, ARankThatLeavesIsNamedAndFailsAllTheOthers) {
  start(3);
  group[2].reset();
  factories.pop_back();
  run([](Collective& collective) {
    float data = 1;
    const Result<> result = collective.all_reduce_sum(&data, 1, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
    // Rank 1 looks at rank 2 first. Rank 0 may see rank 1 leave, because of rank 2.
    EXPECT_THAT(
        result.error().message,
        HasSubstr(collective.rank() == 1 ? "rank 2 left the collective" : "left the collective"));
  });
}

TEST_F(GlooTest, ARankThatDoesNotComeInTimeBreaksTheGroup) {
  start(2, 50ms);
  int mine = 0;
  std::array<int, 2> all{};
  const Result<> late = group[0]->all_gather(&mine, all.data(), sizeof mine, {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(late.error().message, HasSubstr("rank 1"));
  // Rank 0 had sent before it gave up, which is enough for this call, but for no other.
  (void)group[1]->all_gather(&mine, all.data(), sizeof mine, {});
  EXPECT_FALSE(group[1]->all_gather(&mine, all.data(), sizeof mine, {}));
}

TEST_F(GlooTest, DifferentSizesBreakTheGroup) {
  for (const std::size_t difference : {1u, 65536u}) {
    start(2);
    run([difference](Collective& collective) {
      const std::size_t bytes = 4 + difference * std::size_t(collective.rank());
      const std::vector<char> mine(bytes);
      std::vector<char> all(2 * bytes);
      const Result<> result = collective.all_gather(mine.data(), all.data(), bytes, {});
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
    });
  }
}

TEST_F(GlooTest, StrangersDoNotDisturbTheStart) {
  prepare(3);
  // Rank 0 is dialed by all others, and by these; each leaves another kind of mess.
  constexpr std::size_t kFixedBytes = 8 + 4 + 16;
  const std::string text(reinterpret_cast<const char*>(addresses[0].data()) + kFixedBytes,
                         addresses[0].size() - kFixedBytes);
  const HostPort endpoint = *parse_host_port(text);
  std::vector<Descriptor> strangers;
  for (int i = 0; i < 100; ++i) {
    strangers.push_back(*start_connecting(endpoint));
    const std::string garbage(std::size_t(i) * 7, char(i));
    (void)::send(strangers.back().get(), garbage.data(), garbage.size(), MSG_NOSIGNAL);
  }
  connect();
  run([](Collective& collective) {
    std::array<int, 3> all{};
    const int mine = collective.rank();
    EXPECT_TRUE(collective.all_gather(&mine, all.data(), sizeof mine, {}));
    EXPECT_EQ(all, (std::array<int, 3>{0, 1, 2}));
  });
}

TEST_F(GlooTest, ARankThatIsNotThereIsNamedWhenTheTimeIsOver) {
  prepare(2);
  const auto waiting = factories[0]->connect(addresses, 20ms);
  ASSERT_FALSE(waiting);
  EXPECT_EQ(waiting.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(waiting.error().message, HasSubstr("rank 1"));
  const auto dialing = factories[1]->connect(addresses, 20s);
  ASSERT_FALSE(dialing);
  EXPECT_EQ(dialing.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(dialing.error().message, HasSubstr("rank 0"));
}

TEST_F(GlooTest, AbortEndsConnectAndTheNextEpochStartsAnew) {
  prepare(2);
  const std::jthread aborts([&] { factories[0]->abort(); });
  EXPECT_FALSE(factories[0]->connect(addresses, 20s));
  for (int rank = 0; rank < 2; ++rank) {
    addresses[std::size_t(rank)] = *factories[std::size_t(rank)]->prepare(2, rank, 2);
  }
  connect();
  run([](Collective& collective) {
    int mine = collective.rank();
    std::array<int, 2> all{};
    EXPECT_TRUE(collective.all_gather(&mine, all.data(), sizeof mine, {}));
  });
}

TEST_F(GlooTest, AddressesOfAnotherEpochOrRankAreRefused) {
  prepare(2, 1);
  const std::vector<Bytes> old = addresses;
  for (int rank = 0; rank < 2; ++rank) {
    addresses[std::size_t(rank)] = *factories[std::size_t(rank)]->prepare(2, rank, 2);
  }
  for (const std::vector<Bytes>& wrong : {old,
                                          {addresses[1], addresses[0]},
                                          {addresses[0]},
                                          {addresses[0], Bytes()},
                                          {addresses[0], Bytes(1 << 20)}}) {
    const auto made = factories[1]->connect(wrong, 20s);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument) << made.error().message;
    addresses[1] = *factories[1]->prepare(2, 1, 2);
  }
}

TEST_F(GlooTest, APlaceThatIsNotThisMachinesIsNamed) {
  for (const auto& [place, name] :
       {std::pair(MeshPlace{.host = "192.0.2.1"}, "192.0.2.1"),
        std::pair(MeshPlace{.host = "no.such.host.invalid"}, "no.such.host"),
        std::pair(MeshPlace{.host = "0.0.0.0"}, "0.0.0.0"),
        std::pair(MeshPlace{.interface = "nosuch0"}, "nosuch0")}) {
    const auto factory = make_gloo_collectives({.place = place});
    const Result<Bytes> address = factory->prepare(1, 0, 2);
    ASSERT_FALSE(address);
    EXPECT_THAT(address.error().message, HasSubstr(name));
  }
  EXPECT_TRUE(make_gloo_collectives({.place = {.interface = "lo"}})->prepare(1, 0, 2));
}

}  // namespace
}  // namespace unmask::rpc
