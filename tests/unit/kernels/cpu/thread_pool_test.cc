#include "kernels/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <set>

namespace unmask::kernels {
namespace {

TEST(ThreadPoolTest, EveryTaskRunsOnce) {
  for (const int num_threads : {1, 2, 5}) {
    ThreadPool pool({.num_threads = num_threads, .pin = num_threads == 2});
    for (const int num_tasks : {0, 1, 2, 3, 1000}) {
      std::vector<std::atomic<int>> count(std::size_t(num_tasks) + 1);
      pool.run(num_tasks, [&](int task, int thread) {
        EXPECT_TRUE(thread >= 0 && thread < pool.num_threads());
        ++count[std::size_t(task)];
      });
      for (int i = 0; i < num_tasks; ++i) EXPECT_EQ(count[std::size_t(i)], 1);
      EXPECT_EQ(count.back(), 0);
    }
  }
}

TEST(ThreadPoolTest, AThreadThatComesLateNeverTakesATaskOfAnotherJob) {
  ThreadPool pool({.num_threads = 4});
  for (int job = 0; job < 5000; ++job) {
    std::atomic<int> sum = 0;  // gone when the job is
    pool.run(3, [&, job](int task, int) { sum += job + task; });
    ASSERT_EQ(sum, 3 * job + 3);
  }
}

TEST(ThreadPoolTest, TasksOfOneJobRunAtTheSameTime) {
  ThreadPool pool({.num_threads = 2});
  std::atomic<int> num_arrived = 0;
  pool.run(2, [&](int, int) {  // neither returns before both have come
    ++num_arrived;
    while (num_arrived < 2) std::this_thread::yield();
  });
  EXPECT_EQ(num_arrived, 2);
}

TEST(ThreadPoolTest, RangesCoverAllItems) {
  ThreadPool pool({.num_threads = 3});
  for (const int grain : {1, 4, 100}) {
    std::vector<std::atomic<int>> count(10);
    pool.run_ranges(10, grain, [&](int begin, int end, int) {
      EXPECT_LE(end - begin, grain);
      for (int i = begin; i < end; ++i) ++count[std::size_t(i)];
    });
    for (const auto& times : count) EXPECT_EQ(times, 1);
  }
}

}  // namespace
}  // namespace unmask::kernels
