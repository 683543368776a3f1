/// What a collective over NCCL does, by as many ranks as there are GPUs: the emulator's, or real
/// ones with the NCCL of the machine.

#include <cuda_runtime_api.h>

#include <numeric>

#include "tests/unit/rpc/collective/nccl_ranks.h"

namespace unmask::rpc {
namespace {

class NcclOperationsTest : public testing::Test, protected NcclRanks {
 protected:
  void SetUp() override {
    const auto made = make_nccl_collectives(nccl_of_tests(0, kLong));
    if (!made) GTEST_SKIP() << made.error().message;
  }

  /// Numbers of ranks that there are GPUs for.
  static std::vector<int> sizes() {
    int num_gpus = 0;
    EXPECT_EQ(cudaGetDeviceCount(&num_gpus), cudaSuccess);
    std::vector<int> sizes = {1, 2, 3, 4, 8};
    std::erase_if(sizes, [&](int size) { return size > num_gpus; });
    return sizes;
  }
};

std::vector<std::uint8_t> bytes_of_rank(int rank, std::size_t bytes) {
  std::vector<std::uint8_t> data(bytes);
  std::iota(data.begin(), data.end(), std::uint8_t(rank * 31 + 1));
  return data;
}

TEST_F(NcclOperationsTest, GathersInTheOrderOfRanksWhateverTheSize) {
  for (const int size : sizes()) {
    start(size);
    on_gpus([size](Collective& collective, kernels::Backend& backend) {
      EXPECT_EQ(collective.size(), size);
      for (const std::size_t bytes : {1u, 7u, 65537u, 500'000u}) {
        const GpuArray<std::uint8_t> mine(backend, bytes_of_rank(collective.rank(), bytes));
        const GpuArray<std::uint8_t> all(backend, bytes * std::size_t(size));
        ASSERT_TRUE(collective.all_gather(mine.data(), all.data(), bytes, backend.stream()));
        ASSERT_TRUE(collective.wait(backend.stream()));
        std::vector<std::uint8_t> expected;
        for (int rank = 0; rank < size; ++rank) {
          const auto part = bytes_of_rank(rank, bytes);
          expected.insert(expected.end(), part.begin(), part.end());
        }
        ASSERT_EQ(all.read(), expected);
      }
    });
  }
}

TEST_F(NcclOperationsTest, SumsAreTheSameOnAllRanks) {
  for (const int size : sizes()) {
    start(size);
    on_gpus([size](Collective& collective, kernels::Backend& backend) {
      const int sum_of_ranks = size * (size - 1) / 2;
      for (const std::size_t count : {1u, 5u, 16385u}) {
        std::vector<float> values(count), expected(count);
        for (std::size_t i = 0; i < count; ++i) {
          values[i] = float(i % 97) + float(collective.rank());
          expected[i] = float(size * int(i % 97) + sum_of_ranks);
        }
        const GpuArray<float> data(backend, values);
        ASSERT_TRUE(collective.all_reduce_sum(data.data(), count, backend.stream()));
        ASSERT_TRUE(collective.wait(backend.stream()));
        ASSERT_EQ(data.read(), expected);
      }
    });
  }
}

TEST_F(NcclOperationsTest, MemoryOfTheHostIsExchangedWithoutAStream) {
  for (const int size : sizes()) {
    start(size);
    on_all([&](int rank) {
      Collective& collective = *group[std::size_t(rank)];
      std::vector<int> all(std::size_t(size), -1), expected(std::size_t(size), 0);
      std::iota(expected.begin(), expected.end(), 0);
      ASSERT_TRUE(collective.all_gather(&rank, all.data(), sizeof rank, {}));
      EXPECT_EQ(all, expected);
      float sum = float(rank + 1);
      ASSERT_TRUE(collective.all_reduce_sum(&sum, 1, {}));
      const int expected_sum = size * (size + 1) / 2;
      EXPECT_EQ(sum, float(expected_sum));
      EXPECT_TRUE(collective.wait({}));
    });
  }
}

/// x = the tree of what all have gathered of x, again and again, and only then waits.
TEST_F(NcclOperationsTest, ManyOperationsBetweenKernelsAndCopiesKeepTheirOrder) {
  const int size = sizes().size() > 1 ? 2 : 1;
  start(size);
  on_gpus([size](Collective& collective, kernels::Backend& backend) {
    constexpr int kTurns = 20;
    constexpr std::size_t kCount = 64;
    const GpuArray<float> x(backend, std::vector<float>(kCount, 1.0f));
    const GpuArray<float> part(backend, kCount), all(backend, std::size_t(size) * kCount);
    for (int turn = 0; turn < kTurns; ++turn) {
      const std::vector<float> added(kCount, float(turn + collective.rank()));
      backend.upload(part.data(), added.data(), kCount * sizeof(float));
      ASSERT_TRUE(
          collective.all_gather(part.data(), all.data(), kCount * sizeof(float), backend.stream()));
      backend.run(kernels::TreeAdd{.x = {x.data(), kernels::DType::kF32, 1, int(kCount)},
                                   .parts = all.data(),
                                   .num_parts = size});
    }
    ASSERT_TRUE(collective.wait(backend.stream()));
    float expected = 1;
    for (int turn = 0; turn < kTurns; ++turn) {
      for (int rank = 0; rank < size; ++rank) expected += float(turn + rank);
    }
    EXPECT_EQ(x.read(), std::vector<float>(kCount, expected));
  });
}

}  // namespace
}  // namespace unmask::rpc
