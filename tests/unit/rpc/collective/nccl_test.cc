#include "rpc/collective/nccl.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <numeric>

#include "kernels/device_error.h"
#include "tests/unit/rpc/collective/nccl_ranks.h"

namespace unmask::rpc {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

class NcclTest : public testing::Test, protected NcclRanks {};

/// Gathers each rank's number; true if the collective says that all came and they did.
bool gathers_ranks(Collective& collective, kernels::Backend& backend) {
  const GpuArray<int> mine(backend, std::vector<int>{collective.rank()});
  const GpuArray<int> all(backend, std::size_t(collective.size()));
  if (!collective.all_gather(mine.data(), all.data(), sizeof(int), backend.stream())) return false;
  if (!collective.wait(backend.stream())) return false;
  std::vector<int> expected(std::size_t(collective.size()));
  std::iota(expected.begin(), expected.end(), 0);
  return all.read() == expected;
}

TEST_F(NcclTest, ARankThatVanishesInACollectiveEndsTheWaitAtItsDeadline) {
  set_fault("UNMASK_EMULATED_NCCL_VANISH", "1:3");
  start(3, 100ms);
  on_gpus([](Collective& collective, kernels::Backend& backend) {
    const GpuArray<int> mine(backend, 1), all(backend, 3);
    for (int turn = 0; turn < 5; ++turn) {
      ASSERT_TRUE(collective.all_gather(mine.data(), all.data(), 4, backend.stream()));
    }
    const Result<> waited = collective.wait(backend.stream());
    ASSERT_FALSE(waited);
    // Who gives up first closes its connections.
    EXPECT_THAT(waited.error().code, AnyOf(ErrorCode::kDeadlineExceeded, ErrorCode::kUnavailable));
    const Result<> again = collective.wait(backend.stream());
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().message, waited.error().message);
    EXPECT_FALSE(collective.all_gather(mine.data(), all.data(), 4, backend.stream()));
    backend.synchronize();  // the stream is empty
  });
}

TEST_F(NcclTest, ARankWhoseConnectionsCloseIsNoticedAtOnce) {
  set_fault("UNMASK_EMULATED_NCCL_LEAVE", "2:2");
  start(3);
  std::atomic<int> num_told = 0;
  on_gpus([&](Collective& collective, kernels::Backend& backend) {
    EXPECT_TRUE(gathers_ranks(collective, backend));
    const GpuArray<int> mine(backend, 1), all(backend, 3);
    ASSERT_TRUE(collective.all_gather(mine.data(), all.data(), 4, backend.stream()));
    if (collective.rank() == 2) {  // its own operation hangs
      num_told.wait(0);
      num_told.wait(1);
      collective.abort();
    }
    const Result<> waited = collective.wait(backend.stream());
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().code, ErrorCode::kUnavailable);
    if (collective.rank() == 2) return;
    EXPECT_THAT(waited.error().message, HasSubstr("a rank is gone"));
    ++num_told;
    num_told.notify_all();
  });
}

TEST_F(NcclTest, ARankThatStallsIsWaitedFor) {
  set_fault("UNMASK_EMULATED_NCCL_STALL", "0:2:60");
  start(2);
  on_gpus([](Collective& collective, kernels::Backend& backend) {
    for (int turn = 0; turn < 4; ++turn) EXPECT_TRUE(gathers_ranks(collective, backend));
  });
}

TEST_F(NcclTest, AbortFreesAThreadThatWaits) {
  set_fault("UNMASK_EMULATED_NCCL_VANISH", "1:1");
  start(2);
  std::atomic<int> num_waiting = 0;
  const std::jthread aborts([&] {
    num_waiting.wait(0);
    num_waiting.wait(1);
    for (const auto& collective : group) collective->abort();
  });
  on_gpus([&](Collective& collective, kernels::Backend& backend) {
    const GpuArray<int> mine(backend, 1), all(backend, 2);
    ASSERT_TRUE(collective.all_gather(mine.data(), all.data(), 4, backend.stream()));
    ++num_waiting;
    num_waiting.notify_all();
    const Result<> waited = collective.wait(backend.stream());
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().code, ErrorCode::kUnavailable);
  });
}

TEST_F(NcclTest, ANewEpochWorksAfterABrokenOne) {
  set_fault("UNMASK_EMULATED_NCCL_VANISH", "1:1");
  start(2, 50ms);
  on_gpus([](Collective& collective, kernels::Backend& backend) {
    EXPECT_FALSE(gathers_ranks(collective, backend));
  });
  mend("UNMASK_EMULATED_NCCL_VANISH");
  prepare(2);
  connect();
  on_gpus([](Collective& collective, kernels::Backend& backend) {
    EXPECT_TRUE(gathers_ranks(collective, backend));
  });
}

/// For a process of its own: a rank alone whose first operation never ends. Says what came of it.
void wait_in_vain(NcclOptions options) {
  const auto factory = *make_nccl_collectives(std::move(options));
  const auto collective = *factory->connect({*factory->prepare(1, 0, 1)}, 20s);
  const auto backend = *kernels::make_backend({.kind = kernels::DeviceKind::kCuda});
  const GpuArray<int> mine(*backend, 1);
  (void)collective->all_gather(mine.data(), mine.data(), 4, backend->stream());
  try {
    (void)collective->wait(backend->stream());
  } catch (const kernels::DeviceError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(3);
  }
}

TEST_F(NcclTest, AGpuThatStaysBusyIsADeviceError) {
  set_fault("UNMASK_EMULATED_NCCL_VANISH", "0:1");
  set_fault("UNMASK_EMULATED_NCCL_SURVIVES_ABORT", "0");
  NcclOptions options = nccl_of_tests(0, 20ms);
  options.drain_timeout = 20ms;
  EXPECT_EXIT(wait_in_vain(options), testing::ExitedWithCode(3),
              "GPU 0 is still busy .* because .*did not end within 20 ms");
}

TEST_F(NcclTest, AnAbortThatHangsIsADeviceError) {
  set_fault("UNMASK_EMULATED_NCCL_VANISH", "0:1");
  set_fault("UNMASK_EMULATED_NCCL_ABORT_HANGS", "0");
  NcclOptions options = nccl_of_tests(0, 20ms);
  options.abort_timeout = 20ms;
  EXPECT_EXIT(wait_in_vain(options), testing::ExitedWithCode(3),
              "GPU 0 cannot be freed of a collective: NCCL did not end it within 20 ms");
}

TEST_F(NcclTest, RanksThatDisagreeAreTheEndOfTheEmulation) {
  const auto disagree = [this] {
    start(2);
    on_gpus([](Collective& collective, kernels::Backend& backend) {
      const GpuArray<int> mine(backend, 2), all(backend, 4);
      const std::size_t bytes = collective.rank() == 0 ? 4 : 8;
      (void)collective.all_gather(mine.data(), all.data(), bytes, backend.stream());
      (void)collective.wait(backend.stream());
    });
  };
  EXPECT_DEATH(disagree(), "ranks call different collectives");
}

TEST_F(NcclTest, ARankThatIsNotThereEndsConnectAtItsTimeout) {
  for (const std::size_t rank : {0u, 1u}) {
    prepare(2);
    const auto waiting = factories[rank]->connect(addresses, 30ms);
    ASSERT_FALSE(waiting);
    EXPECT_EQ(waiting.error().code, ErrorCode::kDeadlineExceeded);
  }
}

TEST_F(NcclTest, ARankThatCannotStartSaysWhy) {
  set_fault("UNMASK_EMULATED_NCCL_INIT_FAILS", "1");
  prepare(2);
  const auto refused = factories[1]->connect(addresses, 20s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("NCCL: unhandled system error"));
}

TEST_F(NcclTest, AbortEndsConnectAndTheNextEpochStartsAnew) {
  prepare(2);
  {
    const std::jthread aborts([&] { factories[0]->abort(); });
    const auto aborted = factories[0]->connect(addresses, 20s);
    ASSERT_FALSE(aborted);
    EXPECT_EQ(aborted.error().code, ErrorCode::kUnavailable);
  }
  prepare_again();
  connect();
  on_gpus([](Collective& collective, kernels::Backend& backend) {
    EXPECT_TRUE(gathers_ranks(collective, backend));
  });
}

TEST_F(NcclTest, AddressesThatAreNotThisEpochsAreRefused) {
  prepare(2);
  const std::vector<Bytes> old = addresses;
  prepare_again();
  for (const std::vector<Bytes>& wrong :
       {old, {addresses[1], addresses[0]}, {addresses[0]}, {Bytes(), addresses[1]}}) {
    const auto made = factories[0]->connect(wrong, 20s);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument) << made.error().message;
  }
}

TEST_F(NcclTest, OneGpuForTwoRanksIsRefused) {
  prepare(2);
  factories[1] = *make_nccl_collectives(nccl_of_tests(0, kLong));
  addresses[1] = *factories[1]->prepare(1, 1, 2);
  on_all([this](int rank) {
    const auto made = factories[std::size_t(rank)]->connect(addresses, 20s);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
  });
}

TEST_F(NcclTest, ALibraryThatIsNotNccl2IsNamedWithWhatToDo) {
  const auto refusal_of = [](const std::string& library) {
    const auto made = make_nccl_collectives({.library = library});
    if (made) return std::string("it was taken");
    EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
    return made.error().message;
  };
  EXPECT_THAT(refusal_of("/no/such/libnccl.so.2"),
              testing::AllOf(HasSubstr("/no/such/libnccl.so.2"), HasSubstr("install it")));
  EXPECT_THAT(refusal_of("libm.so.6"), HasSubstr("libm.so.6 has no function ncclGetVersion"));
  set_fault("UNMASK_EMULATED_NCCL_VERSION", "30100");
  EXPECT_THAT(refusal_of(UNMASK_EMULATED_NCCL),
              testing::AllOf(HasSubstr("is NCCL 3.1.0"), HasSubstr("with NCCL 2: install it")));
}

}  // namespace
}  // namespace unmask::rpc
