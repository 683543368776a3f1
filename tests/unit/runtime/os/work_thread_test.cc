#include "runtime/os/work_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <vector>

namespace unmask {
namespace {

TEST(WorkThreadTest, WorkIsDoneInOrder) {
  std::vector<int> done;
  WorkThread thread("test", 101);
  std::promise<void> last;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(thread.post([&done, i] { done.push_back(i); }));
  ASSERT_TRUE(thread.post([&last] { last.set_value(); }));
  last.get_future().wait();
  ASSERT_EQ(done.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[std::size_t(i)], i);
}

TEST(WorkThreadTest, TheDestructorWaitsForTheWorkInProgress) {
  std::promise<void> started, may_end;
  std::atomic<int> finished = 0;
  {
    WorkThread thread("test", 1);
    ASSERT_TRUE(thread.post([&] {
      started.set_value();
      may_end.get_future().wait();
      ++finished;
    }));
    started.get_future().wait();
    may_end.set_value();
  }
  EXPECT_EQ(finished, 1);
}

TEST(WorkThreadTest, WhoCannotWaitIsToldThatItStillWorks) {
  std::promise<void> started, may_end;
  std::atomic<int> finished = 0;
  WorkThread thread("test", 2);
  ASSERT_TRUE(thread.post([&] {
    started.set_value();
    may_end.get_future().wait();
    ++finished;
  }));
  ASSERT_TRUE(thread.post([&] { ++finished; }));
  started.get_future().wait();
  EXPECT_FALSE(thread.stop_within(std::chrono::milliseconds(1)));
  may_end.set_value();
  EXPECT_TRUE(thread.stop_within(std::chrono::minutes(1)));
  EXPECT_EQ(finished, 1) << "the rest is dropped";
}

TEST(WorkThreadDeathTest, AnExceptionIsNamedWithItsThread) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        WorkThread thread("device", 1);
        (void)thread.post([] { throw std::runtime_error("no more memory"); });
        std::promise<void>().get_future().wait();
      },
      "the thread 'device' failed: no more memory");
}

TEST(WorkThreadTest, WorkIsRefusedBeyondWhatMayWait) {
  std::promise<void> started, may_end, done;
  WorkThread thread("test", 2);
  ASSERT_TRUE(thread.post([&] {
    started.set_value();
    may_end.get_future().wait();
  }));
  started.get_future().wait();  // what is in progress does not wait
  EXPECT_TRUE(thread.post([] {}));
  EXPECT_TRUE(thread.post([&] { done.set_value(); }));
  EXPECT_FALSE(thread.post([] { ADD_FAILURE() << "it was refused"; }));
  may_end.set_value();
  done.get_future().wait();
  EXPECT_TRUE(thread.post([] {}));
}

}  // namespace
}  // namespace unmask
