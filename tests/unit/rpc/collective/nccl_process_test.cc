#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "runtime/base/descriptor.h"
#include "tests/unit/rpc/collective/nccl_ranks.h"

namespace unmask::rpc {
namespace {

using namespace std::chrono_literals;

constexpr int kNumProcesses = 3;

/// A rank of the test below: its exit code says how far it came.
int nccl_rank_main(int rank, const Descriptor& in, const Descriptor& out) {
  const auto factory = make_nccl_collectives(nccl_of_tests(rank, 60s));
  if (!factory) return 1;
  std::vector<Bytes> addresses(kNumProcesses, Bytes(1));
  const auto address = (*factory)->prepare(1, rank, kNumProcesses);
  if (!address) return 2;
  // All that the others need is what rank 0 says.
  if (rank == 0) (void)!::write(out.get(), address->data(), address->size());
  addresses[0].resize(128);
  if (::read(in.get(), addresses[0].data(), 128) != 128) return 3;
  const auto collective = (*factory)->connect(addresses, 60s);
  if (!collective) return 4;
  const auto backend = kernels::make_backend({.kind = kernels::DeviceKind::kCuda, .index = rank});
  if (!backend) return 5;
  const GpuArray<int> mine(**backend, std::vector<int>{rank + 7});
  const GpuArray<int> all(**backend, kNumProcesses);
  const auto gather = [&] {
    const kernels::Stream stream = (*backend)->stream();
    const Result<> done = (*collective)->all_gather(mine.data(), all.data(), sizeof(int), stream);
    return done ? (*collective)->wait(stream) : done;
  };
  for (int turn = 0; turn < 3; ++turn) {
    if (!gather() || all.read() != std::vector<int>{7, 8, 9}) return 6;
  }
  (void)!::write(out.get(), "+", 1);
  // The next one fails, because rank 2 is killed before it comes.
  if (rank == 2) ::pause();
  const Result<> broken = gather();
  if (broken || broken.error().code != ErrorCode::kUnavailable) return 7;
  return 0;
}

/// The processes of a cluster: forked before any thread, and told each other's addresses by pipes.
TEST(NcclProcessTest, ProcessesGatherAndNoticeOneThatIsKilled) {
  struct Process {
    pid_t id = 0;
    Descriptor in, out;  // its standard input, and what it says
  };
  std::array<Process, kNumProcesses> processes;
  for (int rank = 0; rank < kNumProcesses; ++rank) {
    std::array<int, 2> in{}, out{};
    ASSERT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    const pid_t id = ::fork();
    ASSERT_GE(id, 0);
    if (id == 0) ::_exit(nccl_rank_main(rank, Descriptor(in[0]), Descriptor(out[1])));
    ::close(in[0]);
    ::close(out[1]);
    processes[std::size_t(rank)] = {id, Descriptor(in[1]), Descriptor(out[0])};
  }
  std::array<char, 128> address{};
  ASSERT_EQ(::read(processes[0].out.get(), address.data(), address.size()), 128);
  for (const Process& process : processes) {
    ASSERT_EQ(::write(process.in.get(), address.data(), address.size()), 128);
  }
  for (const Process& process : processes) {
    char said = 0;
    EXPECT_EQ(::read(process.out.get(), &said, 1), 1);
  }
  ::kill(processes[2].id, SIGKILL);
  for (const Process& process : processes) {
    int status = 0;
    ASSERT_EQ(::waitpid(process.id, &status, 0), process.id);
    if (process.id == processes[2].id) continue;
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
}

}  // namespace
}  // namespace unmask::rpc
