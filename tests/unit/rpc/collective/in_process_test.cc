#include "rpc/collective/in_process.h"

#include <gmock/gmock.h>

#include <array>
#include <functional>
#include <thread>

namespace unmask::rpc {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

using Group = std::vector<std::unique_ptr<Collective>>;

void on_all(Group& group, const std::function<void(Collective&)>& call) {
  std::vector<std::jthread> threads;
  for (const auto& collective : group) {
    threads.emplace_back([&call, &collective] { call(*collective); });
  }
}

TEST(InProcessCollectiveTest, GathersInTheOrderOfRanks) {
  Group group = make_in_process_collectives(5);
  on_all(group, [](Collective& collective) {
    for (int turn = 0; turn < 200; ++turn) {
      const std::array<int, 2> mine = {collective.rank(), turn};
      std::array<int, 10> all{};
      ASSERT_TRUE(collective.all_gather(mine.data(), all.data(), sizeof(mine), {}));
      for (int rank = 0; rank < 5; ++rank) {
        ASSERT_EQ(all[std::size_t(2 * rank)], rank);
        ASSERT_EQ(all[std::size_t(2 * rank + 1)], turn);
      }
    }
  });
}

TEST(InProcessCollectiveTest, SumsAreTheSameOnAllRanks) {
  Group group = make_in_process_collectives(3);
  on_all(group, [](Collective& collective) {
    for (int turn = 0; turn < 200; ++turn) {
      std::array<float, 2> data = {float(collective.rank()), 0.5f};
      ASSERT_TRUE(collective.all_reduce_sum(data.data(), data.size(), {}));
      ASSERT_EQ(data[0], 3.0f);
      ASSERT_EQ(data[1], 1.5f);
    }
  });
}

TEST(InProcessCollectiveTest, ARankAloneHearsItself) {
  Group group = make_in_process_collectives(1);
  int mine = 7, all = 0;
  EXPECT_TRUE(group[0]->all_gather(&mine, &all, sizeof(mine), {}));
  EXPECT_EQ(all, 7);
  EXPECT_TRUE(group[0]->all_gather(nullptr, nullptr, 0, {}));
}

TEST(InProcessCollectiveTest, ARankThatLeavesFailsTheOthersForGood) {
  Group group = make_in_process_collectives(2);
  const std::jthread leaves([&] { group[1].reset(); });
  float data = 1;
  for (int turn = 0; turn < 2; ++turn) {
    const Result<> result = group[0]->all_reduce_sum(&data, 1, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(result.error().message, HasSubstr("rank 1 left"));
  }
  EXPECT_EQ(data, 1.0f);
}

TEST(InProcessCollectiveTest, AbortWakesWhoWaits) {
  Group group = make_in_process_collectives(2);
  const std::jthread aborts([&] { group[1]->abort(); });
  int mine = 0;
  std::array<int, 2> all{};
  EXPECT_FALSE(group[0]->all_gather(&mine, all.data(), sizeof(mine), {}));
  EXPECT_FALSE(group[1]->all_gather(&mine, all.data(), sizeof(mine), {}));
}

TEST(InProcessCollectiveTest, ARankThatDoesNotComeInTimeBreaksTheGroup) {
  Group group = make_in_process_collectives(2, 1ms);
  int mine = 0;
  std::array<int, 2> all{};
  const Result<> late = group[0]->all_gather(&mine, all.data(), sizeof(mine), {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_FALSE(group[1]->all_gather(&mine, all.data(), sizeof(mine), {}));
}

TEST(InProcessCollectiveTest, DifferentSizesBreakTheGroup) {
  Group group = make_in_process_collectives(2);
  on_all(group, [](Collective& collective) {
    std::array<char, 8> mine{};
    std::array<char, 16> all{};
    const auto size = std::size_t(collective.rank()) + 4;
    const Result<> result = collective.all_gather(mine.data(), all.data(), size, {});
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("bytes"));
  });
}

}  // namespace
}  // namespace unmask::rpc
